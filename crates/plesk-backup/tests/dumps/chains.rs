//! Increments and the dumps before them.

use super::*;

#[test]
fn an_increment_gets_the_archives_of_the_dumps_before_it() {
    let packed = Packed::new(&chain());
    let description = packed.describe();
    assert_eq!(problems(&description), [""; 0]);
    assert_eq!(
        chosen(&description),
        [("a.test", SECOND, vec![FULL, FIRST]), ("b.test", SECOND, vec![FULL, FIRST])]
    );
    let dump = description.dumps.last().unwrap();
    assert_eq!(texts(dump.base.as_slice()), [FULL]);
    assert_eq!((texts(&dump.needs), texts(&dump.missing_dumps)), (vec![FULL, FIRST], vec![]));
    let backup = Backup::open(packed.path()).unwrap();
    let mail = description.subscriptions[1].domain.mail.as_ref().unwrap();
    let archives = mail.earlier.iter().map(|earlier| &earlier.content).chain([&mail.content]);
    let paths: Vec<String> = archives
        .map(|content| {
            let [content] = content.as_slice() else { panic!("{content:?}") };
            printable(&backup.tree().get(content.files[0].entry.unwrap()).path)
        })
        .collect();
    assert_eq!(
        paths,
        [
            "domains/b.test/backup_domainmail_2401010000.tzst",
            "domains/b.test/backup_domainmail_2401010000_2401020000.tzst",
            "domains/b.test/backup_domainmail_2401010000_2401030000.tzst",
        ]
    );
    // References of mailboxes into the domain's archives are no archives of their own.
    let mailbox = mail.mailusers[0].mailbox.as_ref().unwrap();
    assert_eq!((mailbox.content.len(), mailbox.earlier.len()), (1, 0));
}

#[test]
fn only_the_dumps_that_are_listed_are_needed() {
    let same = |stamps: &[&str]| vec![subscription("a.test", stamps)];
    let packed = Packed::new(&[
        server(FULL, None, same(&["1"])),
        server(FIRST, Some(FULL), same(&["1", "2"])),
        // What the first increment holds was deleted again.
        server(SECOND, Some(FULL), same(&["1", "3"])),
    ]);
    let description = packed.describe();
    assert_eq!(chosen(&description), [("a.test", SECOND, vec![FULL])]);
    // The other one still tells of what came and went.
    let mail = description.subscriptions[0].domain.mail.as_ref().unwrap();
    let earlier: Vec<(&str, bool)> =
        mail.earlier.iter().map(|it| (it.stamp.as_str(), it.needed)).collect();
    assert_eq!(earlier, [(FULL, true), (FIRST, false)]);
    // Without the list every dump of the chain may hold something.
    let xml = packed.path().join("domains/a.test/backup_info_2401010000_2401030000.xml");
    let main = packed.path().join("backup_info_2401010000_2401030000.xml");
    for path in [xml, main] {
        let text = fs::read_to_string(&path).unwrap();
        let (before, rest) = text.split_once("<related-dumps>").unwrap();
        let (_, after) = rest.split_once("</related-dumps>").unwrap();
        fs::write(path, format!("{before}{after}")).unwrap();
    }
    assert_eq!(chosen(&packed.describe()), [("a.test", SECOND, vec![FULL, FIRST])]);
}

#[test]
fn a_chain_with_a_gap_is_used_and_the_gap_is_named() {
    let packed = Packed::new(&chain()).without(&["2401010000_2401020000"]);
    let description = packed.describe();
    assert_eq!(
        chosen(&description),
        [("a.test", SECOND, vec![FULL]), ("b.test", SECOND, vec![FULL])]
    );
    assert_eq!(texts(&description.subscriptions[0].missing_dumps), [FIRST]);
    assert_eq!(
        problems(&description),
        ["a.test, b.test: dump 2401030000 needs 2401020000, which the backup does not hold: what \
          arrived then and did not change since is missing"]
    );
    let dump = description.dumps.last().unwrap();
    assert_eq!(texts(&dump.missing_dumps), [FIRST]);
    assert!(dump.is_complete(), "its base is there");
}

#[test]
fn an_increment_alone_is_read_as_far_as_it_goes() {
    let packed = Packed::new(&chain()).without(&[
        "info_2401010000.xml",
        "mail_2401010000.tzst",
        "2401010000_2401020000",
    ]);
    let description = packed.describe();
    assert_eq!(chosen(&description), [("a.test", SECOND, vec![]), ("b.test", SECOND, vec![])]);
    assert_eq!(texts(&description.subscriptions[0].missing_dumps), [FULL, FIRST]);
    assert!(!description.dumps[0].is_complete());
}

#[test]
fn an_increment_without_its_base_yields_to_an_older_complete_dump() {
    let mut specs = chain();
    specs.insert(0, server("2312010000", None, vec![subscription("a.test", &["0"])]));
    let packed = Packed::new(&specs).without(&["info_2401010000.xml", "mail_2401010000.tzst"]);
    let description = packed.describe();
    assert_eq!(
        chosen(&description),
        [("a.test", "2312010000", vec![]), ("b.test", SECOND, vec![FIRST])]
    );
    let problems = problems(&description);
    assert!(
        problems.contains(
            &"a.test: dump 2312010000 was taken and not the newer 2401030000: its base 2401010000 \
              is not in the backup"
                .to_owned()
        ),
        "{problems:?}"
    );
}

#[test]
fn archives_whose_metadata_are_lost_are_found_by_their_names() {
    let packed =
        Packed::new(&chain()).without(&["info_2401010000.xml", "info_2401010000_2401020000"]);
    let description = packed.describe();
    assert_eq!(
        chosen(&description),
        [("a.test", SECOND, vec![FULL, FIRST]), ("b.test", SECOND, vec![FULL, FIRST])]
    );
    assert_eq!(problems(&description), [""; 0]);
    assert_eq!(description.unreferenced, []);
}

#[test]
fn a_missing_volume_leaves_a_gap_also_where_names_alone_tell_of_the_archive() {
    let volumes =
        |spec: Spec| Spec { compression: Compression::Tar, volume_size: Some(2048), ..spec };
    let packed = Packed::new(&chain().into_iter().map(volumes).collect::<Vec<_>>())
        .without(&["info_2401010000.xml", "a.test/backup_domainmail_2401010000.tar.002"]);
    let description = packed.describe();
    let mail = description.subscriptions[0].domain.mail.as_ref().unwrap();
    let [content] = mail.earlier[0].content.as_slice() else { panic!("{:?}", mail.earlier[0]) };
    let files: Vec<(&str, bool)> =
        content.files.iter().map(|file| (file.name.as_str(), file.entry.is_some())).collect();
    assert_eq!(
        files[..3],
        [
            ("backup_domainmail_2401010000.tar.001", true),
            ("backup_domainmail_2401010000.tar.002", false),
            ("backup_domainmail_2401010000.tar.003", true),
        ]
    );
}

#[test]
fn dumps_that_are_needed_are_known_by_their_files_as_well() {
    let of_list = |with: &str| {
        let packed = Packed::new(&chain());
        let path = packed.path().join(format!("domains/a.test/backup_info_{FULL}_{SECOND}.xml"));
        let xml = fs::read_to_string(&path).unwrap();
        let element = |text: &str| format!("<related-dump>{text}</related-dump>");
        assert!(xml.contains(&element(FIRST)));
        fs::write(&path, xml.replace(&element(FIRST), &element(with))).unwrap();
        let description = packed.describe();
        assert_eq!(chosen(&description)[0], ("a.test", SECOND, vec![FULL, FIRST]), "{with}");
        problems(&description)
    };
    let file = format!("backup_info_{FULL}_{FIRST}");
    for with in [file.clone(), format!("{file}.xml"), format!("domains/a.test/{file}.xml")] {
        assert_eq!(of_list(&with), [""; 0]);
    }
    assert_eq!(
        of_list("the one before"),
        [format!(
            "`related-dump` in `domains/a.test/backup_info_{FULL}_{SECOND}.xml` (the dumps that it \
             needs) was not understood: `the one before` names no dump; all of its chain were \
             taken for needed"
        )]
    );
}

#[test]
fn a_chain_without_any_metadata_is_salvaged() {
    let packed = Packed::new(&chain()).without(&[".xml"]);
    let description = packed.describe();
    assert_eq!(
        chosen(&description),
        [("a.test", SECOND, vec![FULL, FIRST]), ("b.test", SECOND, vec![FULL, FIRST])]
    );
    assert_eq!(description.unreferenced, []);
}
