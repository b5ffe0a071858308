//! Backups of Plesk 8 and 7: hand-written dumps with what readers of real ones met. None of them was
//! written by Plesk.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod plesk7;
mod plesk8;

use std::io::Read;
use std::path::PathBuf;

use plesk_backup::{
    Backup, Container, ContentRef, DescribeError, Description, LooksLike, MailUser, MemberKind,
    OpenError, Recovered, Subscription, printable,
};

/// A file of its own, removed at the end.
struct Dump {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

/// Writes a psadump: the version, the header lines of each part, and its bytes.
fn psadump(version: &str, parts: &[(&str, &[u8])]) -> Dump {
    let mut bytes = format!(
        "Content-Type: multipart/mixed; boundary=\"_b_\"\nDumped-Psa-Version: {version}\n\n"
    )
    .into_bytes();
    for (header, content) in parts {
        bytes.extend_from_slice(format!("--_b_\n{header}\n\n").as_bytes());
        bytes.extend_from_slice(content);
        bytes.push(b'\n');
    }
    bytes.extend_from_slice(b"--_b_--\n");
    save(&bytes)
}

fn save(bytes: &[u8]) -> Dump {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("psadump");
    std::fs::write(&path, bytes).unwrap();
    Dump { _directory: directory, path }
}

const XML_8: &str =
    "Content-Type: text/xml\nContent-Disposition: attachment; filename=\"dump.xml\"";
const XML_7: &str = "Content-Type: text/xml; charset=UTF-8";

fn named(name: &str) -> String {
    format!(
        "Content-Disposition: attachment; filename=\"{name}\"\nContent-Transfer-Encoding: binary"
    )
}

/// Describes a dump of Plesk 8 with empty parts of these names.
fn describe_8(xml: &str, parts: &[&str]) -> Description {
    let headers: Vec<String> = parts.iter().map(|name| named(name)).collect();
    let mut all = vec![(XML_8, xml.as_bytes())];
    all.extend(headers.iter().map(|header| (header.as_str(), &b""[..])));
    Backup::open(&psadump("8.6.0", &all).path).unwrap().describe().unwrap()
}

fn describe_7(xml: &str, parts: &[&str]) -> Description {
    let headers: Vec<String> = parts.iter().map(|name| format!("Content-ID: <{name}>")).collect();
    let mut all = vec![(XML_7, xml.as_bytes())];
    all.extend(headers.iter().map(|header| (header.as_str(), &b""[..])));
    Backup::open(&psadump("7.5.4", &all).path).unwrap().describe().unwrap()
}

fn problems(description: &Description) -> Vec<String> {
    description.problems.iter().map(ToString::to_string).collect()
}

/// What is counted of a subscription.
fn counts(subscription: &Subscription) -> Vec<(&str, u64)> {
    subscription.counts.iter().map(|(words, count)| (words.as_str(), *count)).collect()
}

fn users(description: &Description) -> &[MailUser] {
    &description.subscriptions[0].domain.mail.as_ref().unwrap().mailusers
}

fn user<'a>(description: &'a Description, name: &str) -> &'a MailUser {
    users(description).iter().find(|user| user.name == name).unwrap()
}

fn plain(user: &MailUser) -> Option<String> {
    match user.password.as_ref()?.recover(None) {
        Recovered::Plain(secret) => Some(secret.expose().to_owned()),
        _ => None,
    }
}

fn kinds(contents: &[ContentRef]) -> Vec<(&str, &str, bool)> {
    contents
        .iter()
        .flat_map(|content| {
            let file = |file: &'_ plesk_backup::ContentFile| file.entry.is_some();
            content
                .files
                .iter()
                .map(move |name| (content.kind.as_str(), name.name.as_str(), file(name)))
        })
        .collect()
}

#[test]
fn mail_comes_out_of_parts() {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in
        [("./Maildir/cur/1.h:2,S", "one"), ("./Maildir/.Sent/cur/2.h:2,S", "two")]
    {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        tar.append_data(&mut header, path, content.as_bytes()).unwrap();
    }
    let tar = tar.into_inner().unwrap();
    let xml = b"<d><sites><domain name='a.example'><user><login name='o'/></user>\
        <user src='cid:home-of-x'><login name='x'/></user></domain></sites></d>";
    let parts: [(&str, &[u8]); 2] = [(XML_7, xml), ("Content-ID: home-of-x", &tar)];
    let dump = psadump("7.1", &parts);
    let backup = Backup::open(&dump.path).unwrap();
    assert_eq!(backup.container(), Container::Psadump);
    let description = backup.describe().unwrap();
    let content = &user(&description, "x").mailbox.as_ref().unwrap().content[0];
    let mut found = Vec::new();
    let end = backup
        .open_content(content)
        .unwrap()
        .walk(|member| {
            let mut text = String::new();
            assert_eq!(member.kind, MemberKind::File);
            member.read_to_string(&mut text)?;
            found.push((printable(&member.path), text));
            std::io::Result::Ok(())
        })
        .unwrap();
    assert_eq!(end.damage, None);
    let expected = [("Maildir/cur/1.h:2,S", "one"), ("Maildir/.Sent/cur/2.h:2,S", "two")];
    assert_eq!(found, expected.map(|(path, text)| (path.to_owned(), text.to_owned())));
}

#[test]
fn metadata_that_are_damaged() {
    let xml = "<migration-dump><domain name='a.example'><mailsystem>\
        <mailuser name='x'><mailbox cid='x'/></mailuser><mailuser name='y\x07'/></mailsystem></domain>\
        <domain name='b.example'><mailsystem><mailuser name='z'/></mailsystem></domain></migration-dump>";
    let description = describe_8(xml, &["x"]);
    let told = problems(&description).join("\n");
    assert!(told.contains("1 characters that XML does not allow"), "{told}");
    assert_eq!(users(&description)[1].name, "y?");
    // The file ends inside its XML.
    let whole = std::fs::read(psadump("8.6", &[(XML_8, xml.as_bytes())]).path).unwrap();
    let at = whole.windows(10).position(|text| text == b"name='z'/>").unwrap();
    let dump = save(&whole[..at]);
    let backup = Backup::open(&dump.path).unwrap();
    assert_eq!(backup.damage().len(), 2, "{:?}", backup.damage());
    let description = backup.describe().unwrap();
    let told = problems(&description).join("\n");
    assert!(
        told.contains("`dump.xml` is damaged at byte") && told.contains("`b.example`"),
        "{told}"
    );
    assert_eq!(description.subscriptions.len(), 2);
    assert!(description.subscriptions[0].complete && !description.subscriptions[1].complete);
    assert_eq!(users(&description)[0].name, "x");
}

#[test]
fn a_dump_without_metadata_and_a_mail_are_told_apart() {
    let part = named("info@example.com");
    let dump = psadump("8.6.0", &[(&part, b"x")]);
    let error = Backup::open(&dump.path).unwrap().describe().unwrap_err();
    assert!(matches!(error, DescribeError::NoMetadata { entries: 1, .. }), "{error}");
    assert!(error.to_string().contains("no `dump.xml`"), "{error}");
    let mail =
        "Content-Type: multipart/mixed; boundary=b\nSubject: photos\n\n--b\n\nhello\n--b--\n";
    let error = Backup::open(&save(mail.as_bytes()).path).unwrap_err();
    let is_text = |error: &OpenError| {
        matches!(error, OpenError::NotABackup { looks_like: LooksLike::Mail | LooksLike::Text, .. })
    };
    assert!(is_text(&error), "{error}");
    // Text that only talks of psadumps.
    let notes = "Notes on backups.\n\nThe header `Dumped-Psa-Version: 8` tells the version.\n";
    let error = Backup::open(&save(notes.as_bytes()).path).unwrap_err();
    assert!(is_text(&error), "{error}");
}
