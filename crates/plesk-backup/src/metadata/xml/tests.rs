use super::{Dump, Element, Root, read};

fn parse(xml: &[u8]) -> (Vec<Element>, Dump) {
    let mut found = Vec::new();
    let dump = read(xml, Root::MigrationDump, &mut |domain| found.push(domain.element));
    (found, dump)
}

fn names(found: &[Element]) -> Vec<(&str, bool)> {
    found
        .iter()
        .map(|element| (element.attribute("name").unwrap_or(""), element.complete))
        .collect()
}

#[test]
fn domains_at_any_depth_but_not_below_pointers() {
    let (found, dump) = parse(
        br#"<?xml version="1.0"?><envelope><Data><migration-dump dump-version="18.0.58">
        <admin name="host.example"><preferences><pinfo name="email">root@host.example</pinfo></preferences>
        <domains><domain-info name="x.example"/><domain name="a.example"/></domains></admin>
        <client name="joe" guid="g"><preferences><pinfo name="email">joe@a.example</pinfo></preferences>
        <domains><domain name="b.example"/></domains></client>
        <client-info name="p"><domain name="no.example"/></client-info>
        <server><rules><domain name="blocked.example"/></rules></server>
        </migration-dump></Data></envelope>"#,
    );
    assert_eq!(names(&found), [("a.example", true), ("b.example", true)]);
    assert_eq!(dump.cut.map(|cut| cut.detail), None);
    assert_eq!(dump.announced, ["x.example"]);
    assert_eq!(dump.server_name.as_deref(), Some("host.example"));
    let email = |login: &str| {
        dump.emails.iter().find(|(name, _)| name == login).map(|(_, email)| email.as_str())
    };
    assert_eq!(email("admin"), Some("root@host.example"));
    assert_eq!(email("joe"), Some("joe@a.example"));
    assert_eq!(email("g"), Some("joe@a.example"));
}

#[test]
fn references_and_cdata_are_text() {
    let (found, dump) = parse(
        b"<migration-dump><domain name=\"a&amp;b&#x2e;c & d\"><t>1 &lt; 2<![CDATA[ &amp; ]]>&#65;&#1;</t></domain></migration-dump>",
    );
    assert!(dump.cut.is_none());
    assert_eq!(found[0].attribute("name"), Some("a&b.c & d"));
    assert_eq!(found[0].child("t").unwrap().trimmed(), Some("1 < 2 &amp; A?"));
}

#[test]
fn what_was_whole_before_the_cut_is_kept() {
    let xml = br#"<migration-dump><domain name="a"/><domain name="b"><x><y>whole</y><y>cu"#;
    let (found, dump) = parse(xml);
    let cut = dump.cut.unwrap();
    assert_eq!(names(&found), [("a", true), ("b", false)]);
    let inner: Vec<Option<&str>> =
        found[1].child("x").unwrap().all("y").map(Element::trimmed).collect();
    assert_eq!(inner, [Some("whole"), None]);
    assert_eq!((cut.inside.as_str(), cut.offset), ("migration-dump/domain/x/y", xml.len() as u64));
}

#[test]
fn entities_and_definitions_are_refused() {
    let laughs = b"<!DOCTYPE m [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><migration-dump><domain name=\"&b;\"/></migration-dump>";
    let (found, dump) = parse(laughs);
    assert_eq!(found.len(), 0);
    assert!(dump.cut.unwrap().detail.contains("document type definition"));
    for xml in [
        &b"<migration-dump><domain name=\"x\">&b;</domain></migration-dump>"[..],
        b"<migration-dump><domain name=\"&b;\"></domain></migration-dump>",
    ] {
        assert!(parse(xml).1.cut.unwrap().detail.contains("entity `b`"));
    }
}

#[test]
fn a_definition_elsewhere_defines_nothing() {
    let (found, dump) = parse(
        b"<?xml version='1.0'?><!DOCTYPE migration-dump SYSTEM \"plesk.dtd\"><migration-dump><domain name='a'/></migration-dump>",
    );
    assert_eq!(names(&found), [("a", true)]);
    assert!(dump.cut.is_none());
}

#[test]
fn any_root_will_do_where_it_is_not_known() {
    let xml = b"<server psa-version='7.5.4'><sites><domain name='a'><server/></domain></sites>\
        <server><domain name='no'/></server></server>";
    let mut found = Vec::new();
    let dump = read(&xml[..], Root::Any, &mut |domain| {
        assert_eq!(domain.context.plesk_version.as_deref(), Some("7.5.4"));
        found.push(domain.element);
    });
    assert_eq!(names(&found), [("a", true)]);
    assert_eq!(dump.root, Some(vec![("psa-version".to_owned(), "7.5.4".to_owned())]));
    assert_eq!(parse(xml).0.len(), 0);
}

#[test]
fn encodings() {
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><migration-dump><domain name=\"m\xfcnchen\"/></migration-dump>";
    let (found, dump) = parse(latin);
    assert!(dump.cut.is_none());
    assert_eq!(names(&found), [("m\u{fc}nchen", true)]);
    let (found, _) =
        parse("\u{feff}<migration-dump><domain name=\"\u{fc}\"/></migration-dump>".as_bytes());
    assert_eq!(names(&found), [("\u{fc}", true)]);
    let utf16 = parse(b"\xff\xfe<\0m\0").1.cut.unwrap();
    assert!(utf16.detail.contains("UTF-16"));
    let other =
        parse(b"<?xml version=\"1.0\" encoding=\"koi8-r\"?><migration-dump/>").1.cut.unwrap();
    assert!(other.detail.contains("koi8-r"));
}

#[test]
fn forbidden_bytes_are_replaced_and_counted() {
    let (found, dump) = parse(b"<migration-dump><domain name=\"a\x01b\xffc\0\"/></migration-dump>");
    assert_eq!(names(&found), [("a?b?c?", true)]);
    assert_eq!(dump.replaced_characters, 3);
    // A character split between two reads is none of them.
    let long = format!(
        "<migration-dump><domain name=\"{}\"/></migration-dump>",
        "\u{20ac}".repeat(30_000)
    );
    assert_eq!(parse(long.as_bytes()).1.replaced_characters, 0);
}

#[test]
fn limits_end_the_file_and_nothing_else() {
    let deep = format!("<migration-dump><domain name=\"a\"/>{}", "<x>".repeat(1_000_000));
    let (found, dump) = parse(deep.as_bytes());
    assert_eq!(names(&found), [("a", true)]);
    assert!(dump.cut.unwrap().detail.contains("256"));
    let wide =
        format!("<migration-dump><domain name=\"{}\"/></migration-dump>", "a".repeat(2_000_000));
    assert!(
        parse(wide.as_bytes()).1.cut.unwrap().detail.contains("2000000 bytes, at most 1048576")
    );
    let huge =
        format!("<migration-dump><domain name=\"{}\"/></migration-dump>", "a".repeat(40_000_000));
    assert!(parse(huge.as_bytes()).1.cut.unwrap().detail.contains("16777216"));
}

#[test]
fn tags_that_do_not_match_end_the_file() {
    let (found, dump) =
        parse(b"<migration-dump><domain name=\"a\"><x></y></domain></migration-dump>");
    assert_eq!(names(&found), [("a", false)]);
    assert!(dump.cut.is_some());
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(xml in "(<migration-dump>)?(<domain( name='[a&;]{0,3}')?>|</domain>|<x/?>|&#?[a-z0-9]{0,4};?|[a-z<>&\u{0}]){0,30}") {
        parse(xml.as_bytes());
    }
}
