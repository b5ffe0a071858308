//! Settings of mail that are more than metadata: their files in packed backups.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use plesk_backup::mail_content::{Inside, Located, locate};
use plesk_backup::{
    ArchiveError, Backup, ContentRef, DamageKind, MailSystem, MemberKind, SingleFileError,
    SpamAction, Status,
};
use plesk_fixture::{
    AddressBookSpec, AutoresponderSpec, ContactGroupSpec, DkimSpec, Level, MailLayout, MailboxSpec,
    MailingListSpec, MemoryFile, NamedFile, PasswordSpec, RecipientSpec, SiteSpec, SpamSpec, Spec,
    SubscriptionSpec, corrupt, pack_directory, pack_tar,
};

const PEM: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END PRIVATE KEY-----\n";

/// A mailbox with every setting, an address that only answers, and a list.
fn rich() -> Spec {
    let mut info = MailboxSpec::new("Info").with_files(vec![MemoryFile::file(
        "Maildir/cur/1705310001.M1P1.host,S=9:2,S",
        1_705_310_001,
        "A: b\n\nc\n",
    )]);
    info.autoresponders.push(AutoresponderSpec {
        subject: format!("Away until {}\u{fc}", "later and ".repeat(20)),
        content_type: "text/html".into(),
        charset: "windows-1251".into(),
        text: b"\xcf\xf0\xe8\xe2\xe5\xf2".to_vec(),
        end_date: Some("2024-02-01".into()),
        redirect: vec!["a@x.example".into(), "b@x.example".into()],
        attachments: vec!["brochure.pdf".into()],
        ..AutoresponderSpec::default()
    });
    info.attachments.push(NamedFile::new("brochure.pdf", "%PDF"));
    info.spam = Some(SpamSpec {
        hits: "6.5".into(),
        subject_text: Some("***SPAM***".into()),
        black_list: vec!["*@spam.example".into()],
        files: vec![NamedFile::new("user_prefs", "required_score 6.5\n")],
        ..SpamSpec::default()
    });
    let jane = [("name", "J\u{e4}ne"), ("email", "jane@x.example")];
    info.address_book = Some(AddressBookSpec {
        contacts: vec![BTreeMap::from(jane.map(|(key, value)| (key.into(), value.into())))],
        groups: vec![ContactGroupSpec { name: "friends".into(), members: vec![1] }],
    });
    let mut answers = MailboxSpec::new("answers");
    answers.mailbox = false;
    answers.autoresponders.push(AutoresponderSpec { enabled: false, ..Default::default() });
    answers.attachments.push(NamedFile::new("map.png", "PNG"));

    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.mailboxes = vec![info, answers];
    subscription.dkim = Some(DkimSpec {
        public_key: "MCowBQYDK2Vw".into(),
        private_key: Some(PEM.into()),
        ..DkimSpec::default()
    });
    subscription.mailing_lists.push(MailingListSpec {
        name: "news".into(),
        owners: vec!["boss@example.com".into()],
        password: Some(PasswordSpec::new("encrypted", "d033e22ae348aeb5660fc2140aec35850c4da997")),
        recipients: vec![RecipientSpec::new("jane@x.example", "Jane <J> Doe")],
        archive: vec![
            MemoryFile::file("news.mbox/news.mbox", 1_705_310_001, "From x\n"),
            MemoryFile::file("news/index.html", 1_705_310_001, "<p>"),
        ],
        ..MailingListSpec::default()
    });
    let mut site = SiteSpec::new("addon.test");
    // An archive of the same name, which must not be taken for that of the main domain.
    site.dkim = Some(DkimSpec { private_key: Some("other".into()), ..DkimSpec::default() });
    site.mailing_lists
        .push(MailingListSpec { disabled_by: vec!["client".into()], ..MailingListSpec::default() });
    subscription.sites.push(site);
    Spec { subscriptions: vec![subscription], ..Spec::default() }
}

fn files_of(backup: &Backup, content: &ContentRef) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let archive = backup.open_content(content).unwrap();
    let end = archive
        .walk(|member| {
            if member.kind == MemberKind::File {
                let mut text = String::new();
                member.read_to_string(&mut text)?;
                files.push((plesk_backup::printable(&member.path), text));
            }
            Ok::<(), std::io::Error>(())
        })
        .unwrap();
    assert_eq!(end.damage, None);
    files
}

fn file(path: &str, text: &str) -> (String, String) {
    (path.to_owned(), text.to_owned())
}

fn check(backup: &Backup) {
    let description = backup.describe().unwrap();
    assert_eq!(description.problems, []);
    assert_eq!(description.unreferenced, []);
    assert!(description.unknown_elements.is_empty(), "{:?}", description.unknown_elements);
    let subscription = &description.subscriptions[0];
    let mail = subscription.domain.mail.as_ref().unwrap();
    let info = &mail.mailusers[0];

    let answers = info.autoresponders.as_ref().unwrap();
    let [item] = answers.items.as_slice() else { panic!() };
    assert!(item.enabled && item.is_html());
    assert_eq!(item.subject, format!("Away until {}\u{fc}", "later and ".repeat(20)));
    assert_eq!(item.text, "\u{41f}\u{440}\u{438}\u{432}\u{435}\u{442}");
    assert_eq!(item.end_date_epoch, Some(1_706_745_600));
    assert_eq!(item.redirect, ["a@x.example", "b@x.example"]);
    assert_eq!(
        (&item.attachments, &answers.attachments),
        (&answers.attachments, &item.attachments)
    );
    assert_eq!(item.attachments, ["brochure.pdf"]);
    let spam = info.spam.as_ref().unwrap();
    assert_eq!((spam.enabled, &spam.action), (true, &SpamAction::Move));
    assert_eq!(spam.required_score.as_ref().unwrap().tenths, Some(65));
    assert_eq!(spam.black_list, ["*@spam.example"]);
    let book = info.address_book.as_ref().unwrap();
    assert_eq!(book.contacts[0].name.as_deref(), Some("J\u{e4}ne"));
    assert_eq!(book.groups[0].members, ["1"]);
    let answers = &mail.mailusers[1];
    assert!(answers.mailbox.is_none());
    assert!(!answers.autoresponders.as_ref().unwrap().items[0].enabled);

    check_domain(backup, mail);
    let site = subscription.sites[0].mail.as_ref().unwrap();
    let key = backup.read_single_file(&site.dkim.as_ref().unwrap().content[0], 100).unwrap();
    assert_eq!(key, b"other");
    let off = Status::Disabled { by: vec!["client".to_owned()] };
    assert_eq!(site.mailing_lists[0].status, off);
    assert_eq!(site.mailing_list_content, []);
}

fn check_domain(backup: &Backup, mail: &MailSystem) {
    let dkim = mail.dkim.as_ref().unwrap();
    assert_eq!((dkim.enabled, dkim.public_key.as_deref()), (true, Some("MCowBQYDK2Vw")));
    let [content] = dkim.content.as_slice() else { panic!() };
    assert_eq!(content.kind, "key");
    assert_eq!(backup.read_single_file(content, 4096).unwrap(), PEM.as_bytes());
    assert_eq!((mail.grey_listing, mail.web_mail.as_deref()), (Some(true), Some("roundcube")));
    let [news] = mail.mailing_lists.as_slice() else { panic!() };
    assert_eq!((news.name.as_str(), &news.status), ("news", &Status::Enabled));
    assert_eq!(news.recipients[0].full_name.as_deref(), Some("Jane <J> Doe"));
    let [content] = mail.mailing_list_content.as_slice() else { panic!() };
    assert_eq!(
        files_of(backup, content),
        // A directory's name sorts before another that only goes on behind it.
        [file("news/index.html", "<p>"), file("news.mbox/news.mbox", "From x\n")]
    );
}

fn content_of(backup: &Backup) -> [ContentRef; 3] {
    let description = backup.describe().unwrap();
    let mail = description.subscriptions[0].domain.mail.as_ref().unwrap();
    let [info, answers] = mail.mailusers.as_slice() else { panic!() };
    let attachments =
        |user: &plesk_backup::MailUser| user.autoresponders.as_ref().unwrap().content[0].clone();
    [attachments(info), info.spam.as_ref().unwrap().content[0].clone(), attachments(answers)]
}

#[test]
fn files_beside_the_maildir_lie_in_the_archive_of_the_domain() {
    let directory = tempfile::tempdir().unwrap();
    for level in [Level::Server, Level::Client, Level::Subscription] {
        let tar = directory.path().join(format!("{level:?}.tar"));
        pack_tar(&Spec { level, ..rich() }, &tar).unwrap();
        let backup = Backup::open(&tar).unwrap();
        check(&backup);
        let contents = content_of(&backup);
        let named: Vec<(&str, Option<&str>, bool)> = contents
            .iter()
            .map(|content| (content.kind.as_str(), content.offset.as_deref(), content.referrer))
            .collect();
        assert_eq!(
            named,
            [
                ("attaches", Some("info/@attachments"), true),
                ("spam-assasin", Some("info/.spamassassin"), true),
                ("attaches", Some("answers/@attachments"), true),
            ]
        );
        let files = files_of(&backup, &contents[0]);
        assert_eq!(
            files,
            [
                file("answers/@attachments/map.png", "PNG"),
                file("info/.spamassassin/user_prefs", "required_score 6.5\n"),
                file("info/@attachments/brochure.pdf", "%PDF"),
                file("info/Maildir/cur/1705310001.M1P1.host,S=9:2,S", "A: b\n\nc\n"),
            ]
        );
        let Located::Mailbox { local_part, inside: Inside::Home(rest) } =
            locate(files[2].0.as_bytes(), None)
        else {
            panic!()
        };
        assert_eq!((&local_part[..], &rest[..]), (&b"info"[..], &b"@attachments/brochure.pdf"[..]));
    }
}

#[test]
fn files_beside_the_maildir_have_archives_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    pack_directory(&Spec { mail_layout: MailLayout::Mailbox, ..rich() }, directory.path()).unwrap();
    let backup = Backup::open(directory.path()).unwrap();
    check(&backup);
    let [attachments, spam, of_answers] = content_of(&backup);
    assert_eq!(attachments.path, "domains/example.com/mailnames/info");
    assert_eq!(files_of(&backup, &attachments), [file("brochure.pdf", "%PDF")]);
    assert_eq!(files_of(&backup, &spam), [file("user_prefs", "required_score 6.5\n")]);
    assert_eq!(files_of(&backup, &of_answers), [file("map.png", "PNG")]);
}

#[test]
fn trees_on_disk_get_the_files_of_settings_too() {
    let directory = tempfile::tempdir().unwrap();
    let maildir = directory.path().join("tree/Maildir");
    std::fs::create_dir_all(maildir.join("new")).unwrap();
    std::fs::write(maildir.join("new/1.M1P1.host"), "A: b\n\nc\n").unwrap();
    let mut spec = rich();
    let info = &mut spec.subscriptions[0].mailboxes[0];
    info.source = None;
    info.maildir = Some(directory.path().join("tree"));
    let tar = directory.path().join("backup.tar");
    pack_tar(&spec, &tar).unwrap();
    let backup = Backup::open(&tar).unwrap();
    check(&backup);
    let mut files = files_of(&backup, &content_of(&backup)[0]);
    files.sort();
    let names: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(
        names,
        [
            "answers/@attachments/map.png",
            "info/.spamassassin/user_prefs",
            "info/@attachments/brochure.pdf",
            "info/Maildir/new/1.M1P1.host",
        ]
    );
}

fn key_archive(tree: &Path) -> std::path::PathBuf {
    tree.join("domains/example.com/backup_privatekey_2401151030.tzst")
}

/// What becomes of reading the key after its archive was changed.
fn read_key(limit: u64, change: impl FnOnce(&Path)) -> Result<Vec<u8>, SingleFileError> {
    let directory = tempfile::tempdir().unwrap();
    pack_directory(&rich(), directory.path()).unwrap();
    change(&key_archive(directory.path()));
    let backup = Backup::open(directory.path()).unwrap();
    let description = backup.describe().unwrap();
    let mail = description.subscriptions[0].domain.mail.as_ref().unwrap();
    backup.read_single_file(&mail.dkim.as_ref().unwrap().content[0], limit)
}

/// Replaces an archive by a plain tar.
fn write_tar(path: &Path, files: &[(&str, &str)]) {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_size(0);
    tar.append_data(&mut header, "keys", std::io::empty()).unwrap();
    for (name, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        tar.append_data(&mut header, name, text.as_bytes()).unwrap();
    }
    std::fs::write(path, tar.into_inner().unwrap()).unwrap();
}

#[test]
fn a_key_is_read_whole_or_not_at_all() {
    let size = PEM.len() as u64;
    assert_eq!(read_key(size, |_| ()).unwrap(), PEM.as_bytes());
    let name = "backup_privatekey_2401151030.tzst";
    assert_eq!(
        read_key(size - 1, |_| ()).unwrap_err().to_string(),
        format!("`default` in `{name}` has {size} bytes, at most {} are read", size - 1)
    );
    let several = |path: &Path| write_tar(path, &[("keys/default", PEM), ("keys/old", "x")]);
    assert_eq!(
        read_key(4096, several).unwrap_err().to_string(),
        format!(
            "`{name}` holds 2 files where one was expected; the first two are `keys/default` and \
             `keys/old`"
        )
    );
    assert_eq!(
        read_key(4096, |path| write_tar(path, &[])).unwrap_err().to_string(),
        format!("`{name}` holds no file among 1 members")
    );
    let gone = |path: &Path| std::fs::remove_file(path).unwrap();
    assert!(matches!(
        read_key(4096, gone),
        Err(SingleFileError::Archive(ArchiveError::Missing { archive })) if archive == name
    ));
    let cut = |path: &Path| {
        let length = std::fs::metadata(path).unwrap().len();
        corrupt::truncate(path, length - 6).unwrap();
    };
    let Err(SingleFileError::Damaged { damage, .. }) = read_key(4096, cut) else { panic!() };
    assert_eq!(damage.what, DamageKind::Truncated);
}
