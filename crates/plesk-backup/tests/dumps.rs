//! Several dumps in one tree: which one each subscription is taken from, and what an increment needs.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::fs;
use std::path::Path;

use plesk_backup::{
    Backup, DescribeError, DescribeOptions, Description, DumpLevel, Problem, Stamp, printable,
};
use plesk_fixture::{
    Generation, Hosting, Level, MailLayout, MailboxSpec, MemoryFile, Root, Spec, SubscriptionSpec,
    pack_directory, pack_dumps_directory,
};

/// A subscription with one mailbox that got a message with each of `stamps`.
fn subscription(name: &str, stamps: &[&str]) -> SubscriptionSpec {
    let message =
        |stamp: &&str| MemoryFile::file(format!("Maildir/cur/{stamp}.h:2,"), 1, "A: b\n\nc\n");
    let mut subscription = SubscriptionSpec::new(name);
    subscription.guid = Some(format!("guid-{name}"));
    subscription.hosting = Hosting::None;
    let files = stamps.iter().map(message).collect();
    subscription.mailboxes.push(MailboxSpec::new("info").with_files(files));
    subscription
}

/// A dump of the server.
fn server(stamp: &str, base: Option<&str>, subscriptions: Vec<SubscriptionSpec>) -> Spec {
    Spec {
        stamp: stamp.to_owned(),
        base_stamp: base.map(str::to_owned),
        subscriptions,
        ..Spec::default()
    }
}

/// A dump of one subscription, in the server's repository.
fn alone(stamp: &str, base: Option<&str>, of: SubscriptionSpec) -> Spec {
    Spec { level: Level::Subscription, root: Root::Repository, ..server(stamp, base, vec![of]) }
}

/// A full dump and two increments of two subscriptions.
fn chain() -> Vec<Spec> {
    let both =
        |stamps: &[&str]| vec![subscription("a.test", stamps), subscription("b.test", stamps)];
    vec![
        server(FULL, None, both(&["1"])),
        server(FIRST, Some(FULL), both(&["1", "2"])),
        server(SECOND, Some(FULL), both(&["1", "2", "3"])),
    ]
}

const FULL: &str = "2401010000";
const FIRST: &str = "2401020000";
const SECOND: &str = "2401030000";

struct Packed {
    directory: tempfile::TempDir,
}

impl Packed {
    fn new(specs: &[Spec]) -> Packed {
        let directory = tempfile::tempdir().unwrap();
        pack_dumps_directory(specs, directory.path()).unwrap();
        Packed { directory }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Removes all files whose path holds one of the words, as when they were never copied.
    fn without(self, words: &[&str]) -> Packed {
        let mut pending = vec![self.path().to_owned()];
        while let Some(directory) = pending.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let entry = entry.unwrap();
                let path = entry.path();
                let inside = path.strip_prefix(self.path()).unwrap().to_str().unwrap().to_owned();
                if entry.file_type().unwrap().is_dir() {
                    pending.push(path);
                } else if words.iter().any(|word| inside.contains(word)) {
                    fs::remove_file(path).unwrap();
                }
            }
        }
        self
    }

    fn describe(&self) -> Description {
        Backup::open(self.path()).unwrap().describe().unwrap()
    }

    fn describe_dump(&self, stamp: &str) -> Result<Description, DescribeError> {
        let options = DescribeOptions { dump: Stamp::parse(stamp) };
        Backup::open(self.path()).unwrap().describe_with(&options)
    }
}

fn problems(description: &Description) -> Vec<String> {
    description.problems.iter().map(ToString::to_string).collect()
}

fn texts(stamps: &[Stamp]) -> Vec<&str> {
    stamps.iter().map(Stamp::as_str).collect()
}

/// Main domain, stamp of the chosen dump, and stamps of the earlier archives of its mail that are
/// needed.
fn chosen(description: &Description) -> Vec<(&str, &str, Vec<&str>)> {
    description
        .subscriptions
        .iter()
        .map(|subscription| {
            let earlier = subscription.domain.mail.iter().flat_map(|mail| &mail.earlier);
            (
                subscription.domain.ascii_name.as_str(),
                subscription.dump.as_ref().map_or("", Stamp::as_str),
                earlier.filter(|it| it.needed).map(|it| it.stamp.as_str()).collect(),
            )
        })
        .collect()
}

#[test]
fn the_newest_full_dump_is_taken_and_the_others_are_listed() {
    let packed = Packed::new(&[
        server(FULL, None, vec![subscription("a.test", &["1"])]),
        server(FIRST, None, vec![subscription("a.test", &["1", "2"])]),
    ]);
    let description = packed.describe();
    assert_eq!(problems(&description), [""; 0]);
    assert_eq!(description.unreferenced, [], "archives of the other dump are its own");
    assert_eq!(chosen(&description), [("a.test", FIRST, vec![])]);
    assert_eq!(description.stamp.as_ref().unwrap().as_str(), FIRST);
    let [old, new] = description.dumps.as_slice() else { panic!("{:?}", description.dumps) };
    assert_eq!((texts(old.stamp.as_slice()), old.chosen_for), (vec![FULL], 0));
    assert_eq!((texts(new.stamp.as_slice()), new.chosen_for), (vec![FIRST], 1));
    assert_eq!((new.metadata_files, new.subscriptions), (2, 1));
    assert_eq!((new.level, new.object.as_deref()), (DumpLevel::Server, Some("plesk.example.net")));
    assert_eq!(new.flags, ["dumpresult_SUCCESS", "status_OK"]);
    assert!(old.is_complete() && new.is_complete() && new.content_included);
}

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
fn a_chain_without_any_metadata_is_salvaged() {
    let packed = Packed::new(&chain()).without(&[".xml"]);
    let description = packed.describe();
    assert_eq!(
        chosen(&description),
        [("a.test", SECOND, vec![FULL, FIRST]), ("b.test", SECOND, vec![FULL, FIRST])]
    );
    assert_eq!(description.unreferenced, []);
}

#[test]
fn the_newest_dump_of_a_subscription_is_taken_whatever_it_is_of() {
    let packed = Packed::new(&[
        alone("2312310000", None, subscription("b.test", &["0"])),
        server(FULL, None, vec![subscription("a.test", &["1"]), subscription("b.test", &["1"])]),
        alone(FIRST, None, subscription("a.test", &["1", "2"])),
    ]);
    let description = packed.describe();
    assert_eq!(problems(&description), [""; 0]);
    assert_eq!(chosen(&description), [("a.test", FIRST, vec![]), ("b.test", FULL, vec![])]);
    let listed: Vec<(&str, DumpLevel, &str, usize)> = description
        .dumps
        .iter()
        .map(|dump| {
            let stamp = dump.stamp.as_ref().unwrap().as_str();
            (stamp, dump.level, dump.path.as_str(), dump.chosen_for)
        })
        .collect();
    assert_eq!(
        listed,
        [
            ("2312310000", DumpLevel::Subscription, "domains/b.test", 0),
            (FULL, DumpLevel::Server, "", 1),
            (FIRST, DumpLevel::Subscription, "domains/a.test", 1),
        ]
    );
}

#[test]
fn what_one_subscription_lacks_is_no_reason_to_take_older_mail_of_another() {
    let both =
        |stamps: &[&str]| vec![subscription("a.test", stamps), subscription("b.test", stamps)];
    let packed =
        Packed::new(&[server(FULL, None, both(&["1"])), server(FIRST, None, both(&["1", "2"]))])
            .without(&["b.test/backup_domainmail_2401020000"]);
    let description = packed.describe();
    assert_eq!(chosen(&description), [("a.test", FIRST, vec![]), ("b.test", FULL, vec![])]);
    assert_eq!(
        problems(&description),
        ["b.test: dump 2401010000 was taken and not the newer 2401020000: \
          `domains/b.test/backup_domainmail_2401020000.tzst` is not in the backup"]
    );
    assert_eq!(
        description.dumps[1].missing_content,
        ["domains/b.test/backup_domainmail_2401020000.tzst"]
    );
    assert!(!description.dumps[1].is_complete());
}

#[test]
fn when_no_dump_is_complete_the_newest_is_taken() {
    let packed = Packed::new(&[
        server(FULL, None, vec![subscription("a.test", &["1"])]),
        server(FIRST, None, vec![subscription("a.test", &["1", "2"])]),
    ])
    .without(&["domainmail"]);
    assert_eq!(chosen(&packed.describe()), [("a.test", FIRST, vec![])]);
}

#[test]
fn metadata_that_are_cut_make_a_dump_incomplete() {
    let packed = Packed::new(&[
        server(FULL, None, vec![subscription("a.test", &["1"])]),
        server(FIRST, None, vec![subscription("a.test", &["1", "2"])]),
    ]);
    let xml = packed.path().join("domains/a.test/backup_info_2401020000.xml");
    let text = fs::read_to_string(&xml).unwrap();
    fs::write(&xml, &text[..text.find("<mailusers>").unwrap()]).unwrap();
    let description = packed.describe();
    assert_eq!(chosen(&description), [("a.test", FULL, vec![])]);
    assert_eq!(
        description.dumps[1].damaged_metadata,
        ["domains/a.test/backup_info_2401020000.xml"]
    );
    assert!(matches!(&description.problems[..], [Problem::OlderTaken { .. }]));
}

#[test]
fn a_dump_of_settings_alone_does_not_hide_the_mail() {
    let of = || vec![subscription("a.test", &["1"])];
    let settings = Spec { content: false, ..server(FIRST, None, of()) };
    let packed = Packed::new(&[server(FULL, None, of()), settings]);
    let description = packed.describe();
    assert_eq!(chosen(&description), [("a.test", FULL, vec![])]);
    assert!(!description.dumps[1].content_included);
    assert_eq!(
        problems(&description),
        [
            "a.test: dump 2401010000 was taken and not the newer 2401020000: it was made without mail"
        ]
    );
}

#[test]
fn a_subscription_that_the_newest_dump_lacks_is_taken_and_that_is_said() {
    let packed = Packed::new(&[
        server(FULL, None, vec![subscription("a.test", &["1"]), subscription("b.test", &["1"])]),
        server(FIRST, None, vec![subscription("a.test", &["1"])]),
    ]);
    let description = packed.describe();
    assert_eq!(chosen(&description), [("a.test", FIRST, vec![]), ("b.test", FULL, vec![])]);
    assert_eq!(
        problems(&description),
        ["b.test: taken from dump 2401010000; the newer dump 2401020000 does not hold them: \
          deleted since, or left out of it"]
    );
}

#[test]
fn a_domain_that_was_made_again_is_taken_once() {
    let again =
        SubscriptionSpec { guid: Some("another".to_owned()), ..subscription("a.test", &["9"]) };
    let packed = Packed::new(&[
        server(FULL, None, vec![subscription("a.test", &["1"])]),
        server(FIRST, None, vec![again]),
    ]);
    let description = packed.describe();
    assert_eq!(chosen(&description), [("a.test", FIRST, vec![])]);
    assert!(
        problems(&description).contains(
            &"`a.test` of dump 2401010000 was left out: in a newer dump it belongs to the \
              subscription `a.test`"
                .to_owned()
        ),
        "{:?}",
        problems(&description)
    );
}

#[test]
fn a_domain_that_got_another_name_is_the_same_subscription() {
    let renamed = SubscriptionSpec {
        guid: Some("guid-a.test".to_owned()),
        ..subscription("new.test", &["1", "2"])
    };
    let packed = Packed::new(&[
        server(FULL, None, vec![subscription("a.test", &["1"])]),
        server(FIRST, Some(FULL), vec![renamed]),
    ]);
    assert_eq!(chosen(&packed.describe()), [("new.test", FIRST, vec![FULL])]);
}

#[test]
fn a_dump_can_be_asked_for() {
    let packed = Packed::new(&chain());
    let description = packed.describe_dump(FULL).unwrap();
    assert_eq!(chosen(&description), [("a.test", FULL, vec![]), ("b.test", FULL, vec![])]);
    assert_eq!(problems(&description), [""; 0]);
    assert_eq!(description.dumps.len(), 3);
    let description = packed.describe_dump(FIRST).unwrap();
    assert_eq!(
        chosen(&description),
        [("a.test", FIRST, vec![FULL]), ("b.test", FIRST, vec![FULL])]
    );
    let error = packed.describe_dump("2405050505").unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("holds no dump 2405050505; it has 2401010000, 2401020000, 2401030000"),
        "{error}"
    );
}

#[test]
fn what_plesk_says_of_a_dump_is_listed_and_reported_for_the_chosen_ones() {
    let packed = Packed::new(&[
        server(FULL, None, vec![subscription("a.test", &["1"])]),
        server(FIRST, None, vec![subscription("a.test", &["1"])]),
    ]);
    for stamp in [FULL, FIRST] {
        let place = packed.path().join(format!(".discovered/backup_info_{stamp}"));
        fs::rename(place.join("dumpresult_SUCCESS"), place.join("dumpresult_WARNINGS")).unwrap();
    }
    let description = packed.describe();
    for dump in &description.dumps {
        assert_eq!(dump.flags, ["dumpresult_WARNINGS", "status_OK"]);
    }
    assert_eq!(
        problems(&description),
        [
            "`.discovered/backup_info_2401020000/dumpresult_WARNINGS`: Plesk itself marked this dump \
          as `WARNINGS`"
        ]
    );
}

#[test]
fn the_names_of_a_real_repository() {
    // Paths and stamps of `pmm-ras --get-dump-list` on a Plesk 17.0.15 and a 12.5.30.
    let directory = tempfile::tempdir().unwrap();
    let of_domain = |name: &str| format!("<domain name='{name}' guid='{name}'/>");
    let related = |stamps: &[&str]| {
        let each = stamps.iter().map(|stamp| format!("<related-dump>{stamp}</related-dump>"));
        format!(
            "<dump-info><related-dumps>{}</related-dumps></dump-info>",
            each.collect::<String>()
        )
    };
    let server = "<admin name='host.example'/>".to_owned();
    let client = "clients/cl1/domains/cl1-110.tld";
    for (path, xml) in [
        ("backup_info_1609042052.xml".to_owned(), server.clone()),
        ("backup_info_1609042052_1609050158.xml".to_owned(), related(&["1609042052"]) + &server),
        (
            "backup_info_1609042052_1609101705.xml".to_owned(),
            related(&["1609042052", "1609050158"]) + &server,
        ),
        (format!("{client}/backup_info_1607160616.xml"), of_domain("cl1-110.tld")),
        (
            format!("{client}/backup_info_1607160616_1607160618.xml"),
            related(&["1607160616"]) + &of_domain("cl1-110.tld"),
        ),
        ("domains/lo.xsstest.ru/backup_info_1607160958.xml".to_owned(), of_domain("lo.xsstest.ru")),
    ] {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("<migration-dump>{xml}</migration-dump>")).unwrap();
    }
    let description = Backup::open(directory.path()).unwrap().describe().unwrap();
    let listed: Vec<(&str, DumpLevel, &str, Vec<&str>)> = description
        .dumps
        .iter()
        .map(|dump| {
            let stamp = dump.stamp.as_ref().unwrap().as_str();
            (stamp, dump.level, dump.path.as_str(), texts(&dump.needs))
        })
        .collect();
    assert_eq!(
        listed,
        [
            ("1607160616", DumpLevel::Subscription, client, vec![]),
            ("1607160618", DumpLevel::Subscription, client, vec!["1607160616"]),
            ("1607160958", DumpLevel::Subscription, "domains/lo.xsstest.ru", vec![]),
            ("1609042052", DumpLevel::Server, "", vec![]),
            ("1609050158", DumpLevel::Server, "", vec!["1609042052"]),
            ("1609101705", DumpLevel::Server, "", vec!["1609042052", "1609050158"]),
        ]
    );
    assert_eq!(
        chosen(&description),
        [("cl1-110.tld", "1607160618", vec![]), ("lo.xsstest.ru", "1607160958", vec![])]
    );
}

#[test]
fn archives_of_single_mailboxes_have_earlier_ones_of_their_own() {
    let single = |spec: Spec| Spec { mail_layout: MailLayout::Mailbox, ..spec };
    let packed = Packed::new(&chain().into_iter().map(single).collect::<Vec<_>>());
    let description = packed.describe();
    assert_eq!(problems(&description), [""; 0]);
    let mail = description.subscriptions[0].domain.mail.as_ref().unwrap();
    assert_eq!(mail.earlier, []);
    let mailbox = mail.mailusers[0].mailbox.as_ref().unwrap();
    let earlier: Vec<&str> = mailbox.earlier.iter().map(|earlier| earlier.stamp.as_str()).collect();
    assert_eq!(earlier, [FULL, FIRST]);
}

#[test]
fn plesk_9_keeps_mailboxes_and_the_hosting_in_files_of_their_own() {
    let mut spec = Spec {
        prefix: "converted".into(),
        stamp: "0812121508".into(),
        generation: Generation::Plesk9,
        mail_layout: MailLayout::Mailbox,
        ..Spec::sample()
    };
    spec.subscriptions[0].owner = "mydomains".into();
    let directory = tempfile::tempdir().unwrap();
    pack_directory(&spec, directory.path()).unwrap();
    let description = Backup::open(directory.path()).unwrap().describe().unwrap();
    assert_eq!(problems(&description), [""; 0]);
    assert_eq!(description.unreferenced, []);
    assert!(description.unknown_elements.is_empty(), "{:?}", description.unknown_elements);
    let [subscription] = description.subscriptions.as_slice() else {
        panic!("{:?}", description.subscriptions)
    };
    assert_eq!(
        subscription.metadata,
        "clients/mydomains/domains/example.com/converted_example.com_info_0812121508.xml"
    );
    assert_eq!(subscription.system_user.as_ref().unwrap().name, "exampleuser");
    assert_eq!(subscription.domain.hosting, plesk_backup::Hosting::Physical);
    let names = |domain: &plesk_backup::Domain| -> Vec<String> {
        let mail = domain.mail.as_ref().unwrap();
        mail.mailusers.iter().map(|user| user.name.clone()).collect()
    };
    let mut users = names(&subscription.domain);
    users.sort();
    assert_eq!(users, ["forwardonly", "info", "sales", "unused"]);
    let [site] = subscription.sites.as_slice() else { panic!("{:?}", subscription.sites) };
    assert_eq!((site.ascii_name.as_str(), names(site)), ("addon.test", vec!["hello".to_owned()]));
    let mail = subscription.domain.mail.as_ref().unwrap();
    let info = mail.mailusers.iter().find(|user| user.name == "info").unwrap();
    assert_eq!(info.aliases, ["contact", "office"]);
    assert!(info.mailbox.as_ref().unwrap().content[0].files[0].entry.is_some());
}

#[test]
fn parts_of_a_domain_without_its_own_metadata_make_it_known() {
    let spec =
        Spec { generation: Generation::Plesk9, mail_layout: MailLayout::Mailbox, ..Spec::sample() };
    let directory = tempfile::tempdir().unwrap();
    pack_directory(&spec, directory.path()).unwrap();
    let packed = Packed { directory }.without(&["backup_example.com_info"]);
    let description = packed.describe();
    let [subscription] = description.subscriptions.as_slice() else { panic!() };
    assert_eq!(subscription.domain.ascii_name, "example.com");
    assert!(!subscription.complete);
    assert_eq!(subscription.domain.mail.as_ref().unwrap().mailusers.len(), 4);
    assert!(
        description.problems.iter().any(|problem| matches!(problem, Problem::Salvaged { .. })),
        "{:?}",
        description.problems
    );
}

#[test]
fn the_list_of_files_of_a_dump() {
    let indexed = |spec: Spec| Spec { file_index: true, ..spec };
    let packed = Packed::new(&chain().into_iter().map(indexed).collect::<Vec<_>>());
    let backup = Backup::open(packed.path()).unwrap();
    let description = backup.describe().unwrap();
    let mail = description.subscriptions[0].domain.mail.as_ref().unwrap();
    let index = backup.read_file_index(mail.file_index.unwrap()).unwrap().unwrap();
    assert_eq!(index.len(), 3);
    assert!(index.contains(b"info/Maildir/cur/1.h:2,"));
    // An empty one, as those of our other fixtures are, says nothing.
    let packed = Packed::new(&chain());
    let description = packed.describe();
    assert_eq!(description.subscriptions[0].domain.mail.as_ref().unwrap().file_index, None);
}
