//! Names of files in a repository, and what they tell.

use super::*;

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

/// Metadata and empty archives of the stamp 2401151030; of the metadata what is in `migration-dump`.
fn parts(files: &[(&str, &str)]) -> (tempfile::TempDir, Description, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    for (path, xml) in files {
        let path = directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let is_xml = path.extension().is_some_and(|it| it == "xml");
        let text =
            if is_xml { format!("<migration-dump>{xml}</migration-dump>") } else { "x".into() };
        fs::write(path, text).unwrap();
    }
    let backup = Backup::open(directory.path()).unwrap();
    let description = backup.describe().unwrap();
    let unreferenced = &description.unreferenced;
    let unreferenced =
        unreferenced.iter().map(|id| printable(&backup.tree().get(*id).path)).collect();
    (directory, description, unreferenced)
}

const OWN: &str = "domains/a.test/converted_info_2401151030.xml";
const PART: &str = "domains/a.test/mailnames/info/converted_info_2401151030.xml";
const MDIR: &str = "domains/a.test/mailnames/info/converted_mdir_2401151030.tgz";
const MAIL: &str = "domains/a.test/converted_domainmail_2401151030.tgz";

fn account(inner: &str) -> String {
    format!("<mailuser name='info'>{inner}</mailuser>")
}

fn of_domain(mail: &str) -> String {
    format!("<domain name='a.test'><mailsystem>{mail}</mailsystem></domain>")
}

fn cid(kind: &str, path: &str) -> String {
    let (directory, name) = path.rsplit_once('/').unwrap();
    format!(
        "<content><cid type='{kind}' path='{directory}'><content-file>{name}</content-file></cid></content>"
    )
}

#[test]
fn what_the_file_of_a_mailbox_says_beyond_that_of_its_domain_is_taken() {
    let own = account("<properties><password type='plain'>x</password></properties><mailbox/>");
    let part =
        account(&format!("<mailbox>{}</mailbox><alias>office</alias>", cid("mailbox", MDIR)));
    for own_path in [OWN, "domains/a.test/converted_info_renamed.xml"] {
        for part_path in [PART, "domains/a.test/mailnames/info/converted_info_renamed.xml"] {
            let (_directory, description, unreferenced) =
                parts(&[(own_path, &of_domain(&own)), (part_path, &part), (MDIR, "")]);
            let [subscription] = description.subscriptions.as_slice() else { panic!() };
            let [info] = subscription.domain.mail.as_ref().unwrap().mailusers.as_slice() else {
                panic!("{own_path} {part_path}")
            };
            assert!(info.password.is_some());
            assert_eq!(info.aliases, ["office"], "{own_path} {part_path}");
            assert!(info.mailbox.as_ref().unwrap().content[0].files[0].entry.is_some());
            assert_eq!((problems(&description), unreferenced), (vec![], vec![]));
        }
    }
}

#[test]
fn what_the_file_of_a_mailbox_says_otherwise_is_told() {
    let own = account(&format!(
        "<mailbox>{}</mailbox><mailbox-quota>1</mailbox-quota><alias>office</alias>",
        cid("mailbox", MAIL)
    ));
    let part = account(&format!(
        "<mailbox>{}</mailbox><mailbox-quota>2</mailbox-quota><alias>office</alias>",
        cid("mailbox", MDIR)
    ));
    let (_directory, description, unreferenced) =
        parts(&[(OWN, &of_domain(&own)), (PART, &part), (MDIR, ""), (MAIL, "")]);
    assert_eq!(
        problems(&description),
        [format!(
            "`a.test` is described differently by `{OWN}` and `{PART}` (mail archives, quota of \
             info@a.test); the former was taken"
        )]
    );
    assert_eq!(unreferenced, [MDIR]);
}

#[test]
fn elements_that_are_not_known_are_counted_in_files_of_their_own_as_well() {
    let part = account("<preferences><mailbox/><horoscope/></preferences><horoscope/>");
    let hosting = "<phosting><teapot/></phosting>";
    let (_directory, description, _) = parts(&[
        (OWN, &of_domain("")),
        (PART, &part),
        ("domains/a.test/phosting/converted_info_2401151030.xml", hosting),
    ]);
    let unknown: Vec<(&str, u64)> =
        description.unknown_elements.iter().map(|(path, count)| (path.as_str(), *count)).collect();
    assert_eq!(
        unknown,
        [
            ("domain/mailsystem/mailusers/mailuser/horoscope", 1),
            ("domain/mailsystem/mailusers/mailuser/preferences/horoscope", 1),
            ("domain/phosting/teapot", 1),
        ]
    );
}

#[test]
fn an_archive_that_only_the_lesser_description_names_is_told() {
    let lesser = of_domain(&(cid("domainmail", MAIL) + &account("")));
    let fuller = of_domain(&(account("") + "<mailuser name='x'/>"));
    let (_directory, description, unreferenced) =
        parts(&[(OWN, &lesser), ("converted_info_2401151030.xml", &fuller), (MAIL, "")]);
    assert_eq!(problems(&description).len(), 1, "{:?}", problems(&description));
    assert_eq!(unreferenced, [MAIL]);
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
