//! Keywords, folder names and subscriptions of a mailbox.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]
#![allow(clippy::unnecessary_wraps, reason = "a helper that fills optional fields")]
#![allow(clippy::format_collect, reason = "short beats quick here")]

use mail_model::folder::FolderName;
use mail_model::identity::*;
use mail_model::maildir::Place;
use mail_model::uidl::UidlFormat;

fn state(text: &str, mtime: i64) -> Option<StateFile> {
    Some(StateFile { bytes: text.as_bytes().to_vec(), mtime })
}

fn file(name: &str) -> RawFile {
    let (place, name) = match name.strip_prefix("new/") {
        Some(name) => (Place::New, name),
        None => (Place::Cur, name),
    };
    RawFile { place, name: name.as_bytes().to_vec(), size: 9, mtime: 0, x_uidl: None }
}

fn folder(dir: &str, names: &[&str]) -> RawFolder {
    RawFolder {
        dir: dir.as_bytes().to_vec(),
        files: names.iter().map(|name| file(name)).collect(),
        ..RawFolder::default()
    }
}

fn mailbox(folders: Vec<RawFolder>) -> RawMailbox {
    RawMailbox { folders, ..RawMailbox::default() }
}

fn rules() -> Rules {
    Rules { new_uidvalidity: 1000, ..Rules::default() }
}

fn stated(format: &str) -> Rules {
    Rules { old_server: OldServer::Dovecot(UidlFormat::parse(format).unwrap()), ..rules() }
}

#[test]
fn courier_keywords_become_letters() {
    let mut inbox = folder("", &["1.a:2,Sb", "new/2.b", "3.c:2,"]);
    inbox.uiddb = state("1 900 9\n1 1.a\n2 2.b\n3 3.c\n", 1);
    inbox.dovecot_keywords = state("2 Old\n", 1);
    let names: String = (0..30).map(|n| format!("k{n:02}\n")).collect();
    let all: String = (0..30).map(|n| format!(" {n}")).collect();
    inbox.courier_keywords =
        vec![(b":list".to_vec(), format!("{names}old\n\n1.a:29 30\n2.b:{all}\n").into_bytes())];
    let resolved = resolve(&mailbox(vec![inbox]), &rules());
    let folder = &resolved.folders[0];
    // `b` stands for nothing and stays out of use; `c` has its keyword already; k29 marks most.
    let used: Vec<u8> = folder.keywords.iter().map(|(index, _)| index).collect();
    assert_eq!(used, [0].into_iter().chain(2..26).collect::<Vec<u8>>());
    assert_eq!(
        (folder.keywords.name(0), folder.keywords.name(2)),
        (Some(&b"k29"[..]), Some(&b"Old"[..]))
    );
    assert_eq!(folder.messages[0].name.to_bytes(), b"1.a:2,Sabc");
    assert_eq!(folder.messages[1].place, Place::Cur);
    assert_eq!(folder.messages[1].name.to_bytes(), b"2.b:2,adefghijklmnopqrstuvwxyz");
    assert_eq!(folder.messages[2].name.to_bytes(), b"3.c:2,");
    let lost: Vec<Vec<u8>> = (23..29).map(|n| format!("k{n}").into_bytes()).collect();
    assert_eq!(
        resolved.findings,
        [
            Finding::KeywordsDropped { folder: FolderName::inbox(), names: lost, messages: 1 },
            Finding::KeywordLetterUnnamed { folder: FolderName::inbox(), letter: 'b', messages: 1 },
        ]
    );
}

#[test]
fn keywords_of_dovecot() {
    let mut inbox = folder("", &["1.a:2,Sa", "2.b:2,a"]);
    inbox.uidlist = state("3 V900 N9\n1 Px :1.a\n2 Py :2.b\n", 1);
    let names: String = (1..26).map(|n| format!("{n} k{n}\n")).collect();
    inbox.dovecot_keywords = state(&format!("0 $POP3Deleted\n{names}"), 1);
    // Courier's, from before the switch.
    inbox.courier_keywords = vec![(b":list".to_vec(), b"stale\n\n1.a:0\n".to_vec())];
    let resolved = resolve(&mailbox(vec![inbox]), &stated("%u"));
    let (folder, keyword) = (FolderName::inbox(), b"$POP3Deleted".to_vec());
    assert_eq!(
        resolved.findings,
        [
            Finding::KeywordsFull { folder: folder.clone() },
            Finding::HiddenByPop3DeletedFlag { folder, keyword, messages: 2 },
        ]
    );
}

#[test]
fn folders_of_courier_5() {
    let mut raw = mailbox(vec![
        folder("", &[]),
        folder(".Übung", &[]),
        folder(".R&D", &[]),
        folder(".&ANw-bung", &[]),
        folder(".a..b", &[]),
    ]);
    raw.courier_subscribed =
        state("INBOX\nINBOX.Übung\nINBOX.R&D\n#shared.other\nINBOX.Übung\n", 1);
    let resolved = resolve(&raw, &rules());
    let dirs: Vec<String> =
        resolved.folders.iter().map(|f| String::from_utf8(f.name.to_dir()).unwrap()).collect();
    assert_eq!(dirs, ["", ".&ANw-bung_2", ".R&-D", ".&ANw-bung", ".a..b"]);
    let subscribed: Vec<String> = resolved.subscriptions.iter().map(ToString::to_string).collect();
    assert_eq!(subscribed, ["INBOX", "Übung", "R&D"]);
    let collisions =
        resolved.findings.iter().filter(|f| matches!(f, Finding::FolderNameCollision { .. }));
    assert_eq!(collisions.count(), 1);
    let odd = Finding::SubscriptionOdd { name: b"#shared.other".to_vec(), kept: false };
    assert!(resolved.findings.contains(&odd));
    assert!(
        resolved
            .findings
            .iter()
            .any(|f| matches!(f, Finding::FolderNameOdd { dir, .. } if dir == b".a..b"))
    );
}
