//! Backups of Plesk for Windows. No real one was at hand: what is packed follows what is known.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::convert::Infallible;
use std::fs;
use std::path::Path;

use plesk_backup::{
    Backup, Container, Description, MailQuota, MailUser, PasswordKind, Recovered, Setting, Status,
};
use plesk_fixture::{Form, MailboxSpec, Spec, SubscriptionSpec, pack_form};

fn packed(form: Form) -> (tempfile::TempDir, Backup) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup.zip");
    pack_form(&Spec::sample(), form, &path).unwrap();
    let backup = Backup::open(&path).unwrap();
    (directory, backup)
}

/// Paths of the files of a mailbox's content.
fn files(backup: &Backup, user: &MailUser) -> Vec<String> {
    let mut paths = Vec::new();
    for content in &user.mailbox.as_ref().unwrap().content {
        let end = backup.open_content(content).unwrap().walk(|member| {
            if member.kind == plesk_backup::MemberKind::File {
                paths.push(String::from_utf8_lossy(&member.path).into_owned());
            }
            Ok::<(), Infallible>(())
        });
        assert_eq!(end.unwrap().damage, None);
    }
    paths
}

fn user<'a>(description: &'a Description, domain: &str, name: &str) -> &'a MailUser {
    let domains = description.subscriptions.iter().flat_map(plesk_backup::Subscription::domains);
    let mail = domains.filter(|it| it.ascii_name == domain).filter_map(|it| it.mail.as_ref());
    mail.flat_map(|mail| &mail.mailusers).find(|user| user.local_part == name).unwrap()
}

#[test]
fn a_zip_of_zips_with_backslashes() {
    let (_directory, backup) = packed(Form::Windows);
    assert_eq!(backup.container(), Container::Zip);
    assert!(backup.damage().is_empty(), "{:?}", backup.damage());
    let description = backup.describe().unwrap();
    assert!(description.problems.is_empty(), "{:?}", description.problems);
    assert!(description.unreferenced.is_empty() && description.unknown_elements.is_empty());
    assert_eq!(description.operating_system.as_deref(), Some("windows"));
    let info = user(&description, "example.com", "info");
    assert_eq!(info.mailbox.as_ref().unwrap().content[0].offset.as_deref(), Some("info"));
    let paths = files(&backup, info);
    let of_info: Vec<_> = paths.iter().filter(|path| path.starts_with("info/")).collect();
    // Three messages, an index and the settings of the mailbox.
    assert_eq!(of_info.len(), 5, "{paths:?}");
    assert!(paths.iter().any(|path| path.starts_with("sales/Sent Items/")), "{paths:?}");
}

#[test]
fn a_tree_of_linux_in_a_zip_says_so() {
    let (_directory, backup) = packed(Form::Zip);
    let description = backup.describe().unwrap();
    assert_eq!(description.operating_system.as_deref(), Some("unix"));
    assert!(description.problems.is_empty(), "{:?}", description.problems);
}

#[test]
fn what_plesk_8_packs() {
    let (_directory, backup) = packed(Form::Windows8);
    let description = backup.describe().unwrap();
    assert!(description.problems.is_empty(), "{:?}", description.problems);
    assert!(description.unknown_elements.is_empty(), "{:?}", description.unknown_elements);
    assert_eq!(description.operating_system.as_deref(), Some("windows"));
    let names: Vec<&str> =
        description.subscriptions.iter().map(|it| it.domain.ascii_name.as_str()).collect();
    assert_eq!(names, ["addon.test", "example.com"]);
    let subscription = &description.subscriptions[1];
    assert_eq!(subscription.owner_login.as_deref(), Some("admin"));
    assert_eq!(subscription.system_user.as_ref().unwrap().name, "exampleuser");
    assert_eq!(subscription.counts, [("files in `example.com/httpdocs`".to_owned(), 1)]);

    let info = user(&description, "example.com", "info");
    assert_eq!(info.quota, MailQuota::Bytes(100 << 20));
    let password = info.password.as_ref().unwrap();
    assert_eq!(password.kind(), PasswordKind::Plain);
    assert!(
        matches!(password.recover(None), Recovered::Plain(text) if text.expose() == "PlainPa55")
    );
    assert_eq!(info.forwarding.targets, ["copy@example.net"]);
    assert!(info.forwarding.enabled);
    let paths = files(&backup, info);
    // Three messages, an index and the settings of the mailbox.
    assert_eq!(paths.len(), 5, "{paths:?}");
    assert!(paths.iter().all(|path| !path.contains('/')), "{paths:?}");
    assert_eq!(info.mailbox.as_ref().unwrap().content[0].path, "example.com\\mail\\info");

    let sales = user(&description, "example.com", "sales");
    assert_eq!(sales.quota, MailQuota::Unlimited);
    assert!(files(&backup, sales).iter().any(|path| path.starts_with("Sent Items/")));
    // A mailbox that nobody used, and one that only forwards.
    assert!(
        user(&description, "example.com", "unused").mailbox.as_ref().unwrap().content.is_empty()
    );
    let group = user(&description, "example.com", "forwardonly");
    assert!(group.mailbox.is_none() && group.forwarding.enabled);
    assert_eq!(group.forwarding.targets.len(), 2);
    assert_eq!(files(&backup, user(&description, "addon.test", "hello")).len(), 3);
}

fn described(xml: &str, files: &[&str]) -> (tempfile::TempDir, Description) {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("info.xml"), xml).unwrap();
    for file in files {
        let path = directory.path().join(file);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).unwrap();
        fs::write(path, "Subject: x\r\n\r\ny\r\n").unwrap();
    }
    let description = Backup::open(directory.path()).unwrap().describe().unwrap();
    (directory, description)
}

#[test]
fn attributes_and_children_are_alike_and_so_are_lists_in_an_element_of_their_own() {
    let with_children = "<psa-dump><clients><client><login>john</login><domain>
        <name>a.example</name><hosting><sys_user><login>ftp</login></sys_user></hosting>
        <mail><mail id='7'><mail_name>Anna</mail_name><mail_group>false</mail_group>
          <account><type>plain</type><password>open sesame</password></account>
          <mbox_quota>-1</mbox_quota><dump><arcname>A.example\\Anna</arcname></dump>
          <mail_redir><mail_redir><id>1</id><address>b@example.net</address></mail_redir></mail_redir>
        </mail></mail></domain></client></clients></psa-dump>";
    let with_attributes = "<x version='8.6'><clients><client login='john'><domain name='a.example'>
        <hosting><sys_user login='ftp'/></hosting>
        <mail id='7' mail_name='Anna' mail_group='false' mbox_quota='-1'>
          <account type='plain' password='open sesame'/><dump arcname='A.example/Anna/'/>
          <mail_redir id='1' address='b@example.net'/>
        </mail></domain></client></clients></x>";
    for xml in [with_children, with_attributes] {
        let (_directory, description) =
            described(xml, &["a.example/anna/1.MAI", "a.example/other"]);
        assert!(description.problems.is_empty(), "{:?}", description.problems);
        assert!(description.unknown_elements.is_empty(), "{:?}", description.unknown_elements);
        let subscription = &description.subscriptions[0];
        assert_eq!(subscription.system_user.as_ref().unwrap().name, "ftp");
        let anna = user(&description, "a.example", "anna");
        assert_eq!((anna.name.as_str(), anna.quota), ("Anna", MailQuota::Unlimited));
        assert_eq!(anna.password.as_ref().unwrap().kind(), PasswordKind::Plain);
        assert_eq!(anna.forwarding.targets, ["b@example.net"]);
        assert_eq!(anna.settings, []);
        // Spelled as the files are.
        let content = &anna.mailbox.as_ref().unwrap().content[0];
        assert_eq!(content.directory.as_deref(), Some(&b"a.example/anna"[..]));
    }
    let (_directory, description) = described(with_attributes, &["a.example/anna/1.MAI"]);
    assert_eq!(description.subscriptions[0].owner_login.as_deref(), Some("john"));
}

#[test]
fn what_is_not_understood_or_not_there_is_said() {
    let xml = "<dump><clients><client><domain name='a.example' status='16' odd='1'>
        <mail mail_name='anna' mbox_quota='much' postbox='false' autoresponder='true'
              mail_group='true'>
          <account type='sym' password='secret'/><dump arcname='gone'/>
          <sa_conf enabled='true' password='hidden'><hits>7</hits></sa_conf>
        </mail><mail/><something/></domain></client></clients></dump>";
    let (_directory, description) = described(xml, &[]);
    let problems: Vec<String> = description.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        [
            "`domain` in `info.xml` (a.example) was not understood: its status is `16`; it was \
             taken for switched off",
            "anna@a.example: `gone` (mailbox) is not in the backup",
            "`mail` in `info.xml` (anna@a.example) was not understood: its quota is `much`; the \
             default was taken",
        ]
    );
    let unknown: Vec<&str> = description.unknown_elements.keys().map(String::as_str).collect();
    assert_eq!(unknown, ["domain/@odd", "domain/something"]);
    let domain = &description.subscriptions[0].domain;
    assert_eq!(domain.status, Status::Disabled { by: vec!["status 16".to_owned()] });
    let anna = user(&description, "a.example", "anna");
    // It is off, and what it names is missing: both must be told.
    let mailbox = anna.mailbox.as_ref().unwrap();
    assert!(!mailbox.enabled);
    assert_eq!(mailbox.content[0].files[0].entry, None);
    let setting = |name: &str, value: &str| Setting { name: name.into(), value: value.into() };
    assert_eq!(
        anna.settings,
        [setting("autoresponder", "true"), setting("sa_conf", "enabled=true hits=7")]
    );
}

/// A domain with accounts, each with its name and what stands in it.
fn domain(accounts: &[(&str, &str)]) -> String {
    let account = |(name, inner): &(&str, &str)| match *name {
        "" => format!("<mail mail_group='false'>{inner}</mail>"),
        name => format!("<mail mail_name='{name}'>{inner}</mail>"),
    };
    let accounts: String = accounts.iter().map(account).collect();
    format!(
        "<dump><clients><client><domain name='a.example'>{accounts}</domain></client></clients></dump>"
    )
}

fn problems(description: &Description) -> Vec<String> {
    description.problems.iter().map(ToString::to_string).collect()
}

#[test]
fn files_that_the_metadata_do_not_name_are_told_of() {
    let files = [
        "a.example/mail/anna/1.MAI",
        "a.example/mail/bert/1.MAI",
        "a.example/mail/bert/Sent Items/2.MAI",
        "a.example/mail/cleo/1.MAI",
        "stray",
        "a.example/httpdocs/index.html",
    ];
    let anna = ("anna", "<dump arcname='a.example\\mail\\anna'/>");
    let without_place = ("bert", "<account password='x' type='plain'/><dump/>");
    let nameless =
        ("", "<account password='x' type='plain'/><dump arcname='a.example/mail/cleo'/>");
    let (_directory, description) = described(&domain(&[anna, without_place, nameless]), &files);
    assert_eq!(
        problems(&description),
        [
            "`dump` in `info.xml` (bert@a.example) was not understood: it does not say where the \
             messages are",
            "`mail` in `info.xml` (a.example) was not understood: 1 of them have no name and were \
             left out",
        ]
    );
    let unnamed: Vec<(&str, usize)> =
        description.unnamed.iter().map(|it| (it.directory.as_str(), it.count)).collect();
    assert_eq!(
        unnamed,
        [("", 1), ("a.example/mail/bert", 2), ("a.example/mail/cleo", 1)],
        "a mailbox that is named, and the web, are known"
    );
    let (_directory, backup) = packed(Form::Windows8);
    assert_eq!(backup.describe().unwrap().unnamed, []);
}

#[test]
fn a_directory_that_is_named_twice() {
    let dump = "<dump arcname='a.example/mail/anna'/>";
    let twice = dump.repeat(2);
    let (_directory, description) =
        described(&domain(&[("anna", &twice), ("bert", dump)]), &["a.example/mail/anna/1.MAI"]);
    for name in ["anna", "bert"] {
        let mailbox = user(&description, "a.example", name).mailbox.as_ref().unwrap();
        assert_eq!(mailbox.content.len(), 1, "{name}");
    }
    assert_eq!(
        problems(&description),
        ["`dump` in `info.xml` (bert@a.example) was not understood: its directory \
          `a.example/mail/anna` is that of anna@a.example as well; both have its messages"]
    );
}

#[test]
fn an_xml_that_is_cut_keeps_what_came_before() {
    let mut subscription = SubscriptionSpec::new("a.example");
    subscription.mailboxes = ["anna", "bert"].map(MailboxSpec::new).to_vec();
    let spec = Spec { subscriptions: vec![subscription], ..Spec::default() };
    let directory = tempfile::tempdir().unwrap();
    let zip = directory.path().join("backup.zip");
    pack_form(&spec, Form::Windows8, &zip).unwrap();
    let backup = Backup::open(&zip).unwrap();
    let id = backup.tree().find("info.xml").unwrap();
    let xml = std::io::read_to_string(backup.tree().open(id).unwrap()).unwrap();
    for end in 0..xml.trim_end().len() {
        // Whatever is there: no panic, and nothing that is not in it.
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("info.xml"), &xml[..end]).unwrap();
        let Ok(description) = Backup::open(directory.path()).unwrap().describe() else { continue };
        assert!(!description.problems.is_empty(), "cut at {end}");
        let problems = problems(&description).join("\n");
        assert!(!problems.contains("Windows"), "the file has no such element: {problems}");
        for subscription in &description.subscriptions {
            assert!(!subscription.complete || xml[end..].trim().len() < 40, "cut at {end}");
            assert_eq!(subscription.domain.ascii_name, "a.example");
            for user in subscription.domain.mail.iter().flat_map(|mail| &mail.mailusers) {
                assert!(["anna", "bert"].contains(&user.local_part.as_str()));
            }
        }
    }
}

#[test]
fn other_xml_is_no_backup() {
    for xml in [
        "<clients><client><domain name='a.example'/></client></clients>",
        "<dump><clients><client><domains><domain name='a.example'/></domains></client></clients></dump>",
        "<info/>",
    ] {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("info.xml"), xml).unwrap();
        let error = Backup::open(directory.path()).unwrap().describe().unwrap_err().to_string();
        assert!(error.contains("`info.xml` is no Plesk metadata"), "{error}");
    }
}
