//! Metadata of some dumps are cut or cannot be read.

use super::*;

/// Leaves what stands before a text in a file of the tree.
fn cut(packed: &Packed, path: &str, before: &str) {
    let path = packed.path().join(path);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, &text[..text.find(before).unwrap()]).unwrap();
}

/// A full dump and an increment of a subscription with a site.
fn chain_with_a_site() -> Packed {
    let of = |stamps: &[&str]| {
        let mut site = SiteSpec::new("site.test");
        site.mailboxes = subscription("site.test", stamps).mailboxes;
        let mut subscription = subscription("a.test", stamps);
        (subscription.hosting, subscription.sites) = (Hosting::Physical, vec![site]);
        vec![subscription]
    };
    Packed::new(&[server(FULL, None, of(&["1"])), server(FIRST, Some(FULL), of(&["1", "2"]))])
}

/// Stamps of the earlier archives of the main domain and of the site.
fn earlier(description: &Description) -> Vec<Vec<&str>> {
    let mails = description.subscriptions[0].domains().filter_map(|domain| domain.mail.as_ref());
    mails.map(|mail| mail.earlier.iter().map(|it| it.stamp.as_str()).collect()).collect()
}

#[test]
fn an_earlier_dump_whose_metadata_are_cut_keeps_its_mail() {
    let metadata = format!("domains/a.test/backup_info_{FULL}.xml");
    for before in ["<mailsystem>", "<site name"] {
        let packed = chain_with_a_site();
        cut(&packed, &metadata, before);
        let description = packed.describe();
        assert_eq!(chosen(&description), [("a.test", FIRST, vec![FULL])], "{before}");
        assert_eq!(earlier(&description), [[FULL], [FULL]], "{before}");
        assert_eq!(
            problems(&description),
            ["a.test: dump 2401020000 needs dump 2401010000, whose metadata are cut off in \
              `domains/a.test/backup_info_2401010000.xml`: mail archives that they do not name any \
              more were looked for by their names"]
        );
        assert_eq!(description.unreferenced, []);
    }
}

/// The main XML of a dump may describe a subscription as well.
#[test]
fn an_earlier_dump_that_another_file_describes_whole_is_not_cut() {
    let packed = chain_with_a_site();
    let own = format!("domains/a.test/backup_info_{FULL}.xml");
    let main = format!("backup_info_{FULL}.xml");
    fs::copy(packed.path().join(own), packed.path().join(&main)).unwrap();
    cut(&packed, &main, "<mailsystem>");
    let description = packed.describe();
    assert_eq!(chosen(&description), [("a.test", FIRST, vec![FULL])]);
    assert_eq!(earlier(&description), [[FULL], [FULL]]);
    assert_eq!(problems(&description), [""; 0]);
}

#[test]
fn a_base_of_which_nothing_is_left_but_the_head_of_its_metadata_is_a_lack() {
    let packed = chain_with_a_site();
    cut(&packed, &format!("domains/a.test/backup_info_{FULL}.xml"), "<mailsystem>");
    let packed = packed.without(&["domainmail_2401010000."]);
    let description = packed.describe();
    assert_eq!(texts(&description.subscriptions[0].missing_dumps), [FULL]);
    // An older dump that is complete is better than that.
    let mut specs = chain();
    specs.insert(0, server("2312010000", None, vec![subscription("a.test", &["0"])]));
    let packed = Packed::new(&specs);
    cut(&packed, &format!("domains/a.test/backup_info_{FULL}.xml"), "<mailsystem>");
    let packed = packed.without(&["a.test/backup_domainmail_2401010000."]);
    let description = packed.describe();
    assert_eq!(chosen(&description)[0], ("a.test", "2312010000", vec![]));
    assert!(
        problems(&description).contains(
            &"a.test: dump 2312010000 was taken and not the newer 2401030000: the metadata of its \
              base 2401010000 are cut off"
                .to_owned()
        ),
        "{:?}",
        problems(&description)
    );
}

#[test]
fn a_newer_dump_that_cannot_be_read_is_told_of() {
    let specs = [
        server(FULL, None, vec![subscription("a.test", &["1"]), subscription("b.test", &["1"])]),
        server(FIRST, None, vec![subscription("a.test", &["1", "2"])]),
    ];
    let main = format!("backup_info_{FIRST}.xml");
    let own = format!("domains/a.test/{main}");
    let told = |file: &str, domains: &str| {
        format!(
            "{domains}: dump {FULL} was taken and not the newer {FIRST}: its metadata are damaged: \
             `{file}`"
        )
    };
    // Nothing is left of the subscription's own metadata: the dump itself is not chosen.
    for before in ["<?xml", "<domain"] {
        let packed = Packed::new(&specs);
        cut(&packed, &own, before);
        let description = packed.describe();
        assert_eq!(chosen(&description), [("a.test", FULL, vec![]), ("b.test", FULL, vec![])]);
        let problems = problems(&description);
        assert!(problems.contains(&told(&own, "a.test")), "{problems:?}");
        assert!(
            !problems.iter().any(|it| it.contains("a.test") && it.contains("does not hold them")),
            "{problems:?}"
        );
    }
    // It may have described everything that is below it.
    let packed = Packed::new(&specs);
    fs::remove_file(packed.path().join(&own)).unwrap();
    cut(&packed, &main, "<admin");
    assert_eq!(problems(&packed.describe()), [told(&main, "a.test, b.test")]);
    // An older one is of no interest.
    let packed = Packed::new(&specs);
    cut(&packed, &format!("domains/a.test/backup_info_{FULL}.xml"), "<?xml");
    let problems = problems(&packed.describe());
    assert!(!problems.iter().any(|it| it.contains("not the newer")), "{problems:?}");
}

#[test]
fn a_dump_that_cannot_be_read_and_is_of_nothing_else_is_salvaged() {
    let packed = Packed::new(&[
        alone(FULL, None, subscription("a.test", &["1"])),
        alone(FIRST, None, subscription("b.test", &["1"])),
    ]);
    let metadata = format!("domains/b.test/backup_info_{FIRST}.xml");
    cut(&packed, &metadata, "<domain");
    let description = packed.describe();
    assert_eq!(chosen(&description), [("a.test", FULL, vec![]), ("b.test", FIRST, vec![])]);
    let kinds = |problem: &Problem| match problem {
        Problem::DamagedXml { file, .. } => format!("damaged {file}"),
        Problem::Salvaged { domain, .. } => format!("salvaged {domain}"),
        other => other.to_string(),
    };
    assert_eq!(
        description.problems.iter().map(kinds).collect::<Vec<_>>(),
        [format!("damaged {metadata}"), "salvaged b.test".to_owned()]
    );
}
