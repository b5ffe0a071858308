//! What a whole backup is described as: by a synthetic export, and by packed ones of each level.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests")]

use std::path::{Path, PathBuf};

use plesk_backup::mail_content::{Inside, Located, locate};
use plesk_backup::{
    Backup, Container, ContentRef, Description, Domain, DomainKind, Hosting, MailQuota, MailServer,
    MailUser, Member, MemberKind, Recovered, SecretKey, Status,
};
use plesk_fixture::{Compression, ContentPaths, Level, MailLayout, Spec, pack_directory, pack_tar};

fn synthetic() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fixtures/synthetic/backup_example.com_2401151030.tar")
}

fn user<'a>(domain: &'a Domain, name: &str) -> &'a MailUser {
    let mail = domain.mail.as_ref().unwrap();
    mail.mailusers.iter().find(|user| user.name == name).unwrap()
}

fn is_plain(recovered: &Recovered, text: &str) -> bool {
    matches!(recovered, Recovered::Plain(secret) if secret.expose() == text)
}

#[test]
fn synthetic_export_of_one_subscription() {
    let backup = Backup::open(&synthetic()).unwrap();
    assert_eq!(backup.container(), Container::Tar);
    assert_eq!(backup.damage(), []);
    let description = backup.describe().unwrap();
    assert_eq!(description.problems, []);
    assert_eq!(description.unreferenced, []);
    assert!(description.unknown_elements.is_empty(), "{:?}", description.unknown_elements);
    assert_eq!(description.stamp.as_ref().unwrap().as_str(), "2401151030");
    assert_eq!(description.plesk_version.as_deref(), Some("18.0.58"));
    assert_eq!(description.components, ["dovecot", "postfix"]);
    assert_eq!(description.installed_mail_server(), Some(MailServer::Dovecot));

    let [subscription] = description.subscriptions.as_slice() else { panic!() };
    assert_eq!(subscription.guid.as_deref(), Some("00000000-0000-4000-8000-000000000472"));
    assert!(subscription.complete);
    assert_eq!(subscription.metadata, "backup_info_2401151030.xml");
    assert_eq!(subscription.owner_login.as_deref(), Some("admin"));
    assert_eq!(subscription.created.as_deref(), Some("2020-01-01"));
    assert_eq!(subscription.limits["mbox_quota"], 104_857_600);
    assert_eq!(subscription.limits["max_box"], -1);
    assert_eq!(subscription.ip_addresses, ["192.0.2.10"]);
    let system_user = subscription.system_user.as_ref().unwrap();
    assert_eq!(system_user.name, "exampleuser");
    let key = SecretKey::read(b"0123456789abcdef\n").unwrap();
    let recovered = system_user.password.as_ref().unwrap().recover(Some(&key));
    assert!(is_plain(&recovered, "a much longer passphrase 42"));
    let kinds: Vec<&str> =
        subscription.other_content.iter().map(|content| content.kind.as_str()).collect();
    for kind in ["user-data", "apache-files", "sqldump", "key"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let databases = ("databases".to_owned(), 1);
    assert!(subscription.counts.contains(&databases), "{:?}", subscription.counts);

    let domain = &subscription.domain;
    assert_eq!(
        (domain.name.as_str(), domain.ascii_name.as_str(), &domain.kind, &domain.hosting),
        ("example.com", "example.com", &DomainKind::Main, &Hosting::Physical)
    );
    assert_eq!(domain.www_root.as_deref(), Some("httpdocs"));
    let [alias] = domain.aliases.as_slice() else { panic!() };
    assert_eq!(
        (alias.name.as_str(), alias.mail, alias.web, alias.dns),
        ("example.org", true, true, false)
    );
    let mail = domain.mail.as_ref().unwrap();
    assert_eq!(mail.catch_all.as_deref(), Some("reject"));
    let names: Vec<(&str, &str)> = mail
        .settings
        .iter()
        .map(|setting| (setting.name.as_str(), setting.value.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("domain-keys", "state=true public-key=MIIBIjANBg..."),
            ("web-mail", "roundcube"),
            ("grey-listing", "on"),
        ]
    );

    let info = user(domain, "info");
    assert!(is_plain(&info.password.as_ref().unwrap().recover(Some(&key)), "Secr3t!pass"));
    assert_eq!(info.quota, MailQuota::Bytes(104_857_600));
    assert_eq!(info.aliases, ["contact", "office"]);
    assert!(info.forwarding.enabled);
    assert_eq!(info.forwarding.targets, ["copy@example.net"]);
    let settings: Vec<&str> = info.settings.iter().map(|setting| setting.name.as_str()).collect();
    assert_eq!(settings, ["autoresponders", "spamassassin", "virusfilter"]);
    let content = &info.mailbox.as_ref().unwrap().content[0];
    assert_eq!((content.offset.as_deref(), content.referrer), (Some("info/Maildir"), true));
    assert_eq!(content.files[0].entry, mail.content[0].files[0].entry);

    assert_eq!(user(domain, "sales").quota, MailQuota::Unlimited);
    let hash = user(domain, "umlaut").password.as_ref().unwrap().recover(None);
    assert!(matches!(hash, Recovered::Hash(text) if text == "$6$saltsalt$synthetichash"));
    let forward = user(domain, "forwardonly");
    assert!(forward.mailbox.is_none() && forward.password.is_none());
    assert_eq!((forward.quota, forward.forwarding.targets.len()), (MailQuota::Default, 2));

    let [site] = subscription.sites.as_slice() else { panic!() };
    assert_eq!((site.ascii_name.as_str(), &site.kind), ("addon.test", &DomainKind::Addon));
    let off = Status::Disabled { by: vec!["admin".to_owned()] };
    assert_eq!(site.mail.as_ref().unwrap().status, off);
}

/// Paths of all files in a content archive.
fn files_of(backup: &Backup, content: &ContentRef) -> Vec<String> {
    let mut files = Vec::new();
    let archive = backup.open_content(content).unwrap();
    let end = archive
        .walk(|member: &mut Member<'_>| {
            if member.kind == MemberKind::File {
                files.push(plesk_backup::printable(&member.path));
            }
            Ok::<(), std::convert::Infallible>(())
        })
        .unwrap();
    assert_eq!(end.damage, None);
    files
}

/// The same for every level, container, compression and way to write paths.
fn check(backup: &Backup, description: &Description) {
    assert_eq!(backup.damage(), []);
    assert_eq!(description.problems, []);
    let [subscription] = description.subscriptions.as_slice() else { panic!() };
    assert!(subscription.complete);
    let domain = &subscription.domain;
    assert_eq!(domain.ascii_name, "example.com");
    let names: Vec<&str> =
        domain.mail.as_ref().unwrap().mailusers.iter().map(|user| user.name.as_str()).collect();
    assert_eq!(names, ["info", "sales", "unused", "forwardonly"]);
    let content = &domain.mail.as_ref().unwrap().content[0];
    assert_eq!(
        files_of(backup, content),
        [
            "info/Maildir/cur/1705310001.M1P1.plesk.example.net,S=29:2,S",
            "info/Maildir/cur/1705310002.M2P2.plesk.example.net,S=30:2,RS",
            "info/Maildir/dovecot-uidlist",
            "info/Maildir/new/1705310003.M3P3.plesk.example.net,S=29",
            "sales/Maildir/.Sent/cur/1705310005.M5P5.plesk.example.net,S=22:2,S",
            "sales/Maildir/.Sent/dovecot-uidlist",
        ]
    );
    // The add-on domain has an archive of the same name; it must not get that of the main domain.
    let site = &subscription.sites[0];
    let content = &site.mail.as_ref().unwrap().content[0];
    assert_eq!(
        files_of(backup, content),
        ["hello/Maildir/cur/1705310006.M6P6.plesk.example.net,S=22:2,"]
    );
}

#[test]
fn every_level_container_compression_and_path() {
    let directory = tempfile::tempdir().unwrap();
    let mut number = 0;
    for level in [Level::Server, Level::Client, Level::Subscription] {
        for compression in [Compression::Tar, Compression::Tgz, Compression::Tzst] {
            for content_paths in [ContentPaths::Repository, ContentPaths::Tree, ContentPaths::Xml] {
                number += 1;
                let wrap = (number % 2 == 0).then(|| "wrapped".to_owned());
                let spec = Spec { level, compression, content_paths, wrap, ..Spec::sample() };
                let tar = directory.path().join(format!("{number}.tar"));
                pack_tar(&spec, &tar).unwrap();
                let backup = Backup::open(&tar).unwrap();
                check(&backup, &backup.describe().unwrap());
                let tree = directory.path().join(number.to_string());
                pack_directory(&spec, &tree).unwrap();
                let backup = Backup::open(&tree).unwrap();
                assert_eq!(backup.container(), Container::Directory);
                check(&backup, &backup.describe().unwrap());
            }
        }
    }
}

#[test]
fn server_level_knows_the_server_and_the_owner() {
    let directory = tempfile::tempdir().unwrap();
    let tar = directory.path().join("backup.tar");
    pack_tar(&Spec { level: Level::Server, ..Spec::sample() }, &tar).unwrap();
    let description = Backup::open(&tar).unwrap().describe().unwrap();
    assert_eq!(description.server_name.as_deref(), Some("plesk.example.net"));
    let subscription = &description.subscriptions[0];
    assert_eq!(subscription.metadata, "domains/example.com/backup_info_2401151030.xml");
}

#[test]
fn archives_of_single_mailboxes() {
    let directory = tempfile::tempdir().unwrap();
    let tar = directory.path().join("backup.tar");
    pack_tar(&Spec { mail_layout: MailLayout::Mailbox, ..Spec::sample() }, &tar).unwrap();
    let backup = Backup::open(&tar).unwrap();
    let description = backup.describe().unwrap();
    assert_eq!(description.problems, []);
    let info = user(&description.subscriptions[0].domain, "info");
    let content = &info.mailbox.as_ref().unwrap().content[0];
    let offset = content.offset.as_deref().map(str::as_bytes);
    let files = files_of(&backup, content);
    assert_eq!(files.len(), 4);
    for file in files {
        let located = locate(file.as_bytes(), offset);
        assert!(
            matches!(&located, Located::Mailbox { inside: Inside::Maildir(rest), .. } if *rest == file.as_bytes()),
            "{located:?}"
        );
    }
}

#[test]
fn archives_can_be_read_side_by_side() {
    let backup = Backup::open(&synthetic()).unwrap();
    let description = backup.describe().unwrap();
    let content = &description.subscriptions[0].domain.mail.as_ref().unwrap().content[0];
    let alone = files_of(&backup, content);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(files_of(&backup, content), alone));
        }
    });
}

#[test]
fn unknown_elements_are_counted_and_unreferenced_archives_listed() {
    let directory = tempfile::tempdir().unwrap();
    let tree = directory.path().join("tree");
    let mut spec = Spec { level: Level::Subscription, ..Spec::sample() };
    for mailbox in &mut spec.subscriptions[0].mailboxes {
        mailbox.extra_xml = Some("<dmarc-policy strict=\"true\"><x/></dmarc-policy>".to_owned());
    }
    pack_directory(&spec, &tree).unwrap();
    std::fs::write(tree.join("backup_logs_2401151030.tgz"), b"x").unwrap();
    let backup = Backup::open(&tree).unwrap();
    let description = backup.describe().unwrap();
    let unknown: Vec<(&String, &u64)> = description.unknown_elements.iter().collect();
    let [(path, count)] = unknown.as_slice() else { panic!("{unknown:?}") };
    assert!(
        path.ends_with("/mailuser/preferences/dmarc-policy")
            || path.ends_with("/mailuser/dmarc-policy")
    );
    assert_eq!(**count, 4);
    let unreferenced: Vec<&[u8]> =
        description.unreferenced.iter().map(|id| &backup.tree().get(*id).path[..]).collect();
    assert_eq!(unreferenced, [b"backup_logs_2401151030.tgz"]);
}
