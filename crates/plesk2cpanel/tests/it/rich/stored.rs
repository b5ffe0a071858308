//! A mailbox whose messages are stored in every way that a maildir knows, in folders of all names.

use std::path::Path;

use plesk_fixture::{MailboxSpec, MemoryFile, PasswordSpec};

/// What the zlib plugin wrote, by the name of its method; recorded from a real Dovecot.
pub const COMPRESSED: [&str; 4] = ["gz", "bz2", "lz4", "zstd"];

/// Folders that clients know by these names: of Plesk's Dovecot, of older webmails, of Outlook.
pub const FOLDERS: [&str; 9] = [
    "Sent",
    "Drafts",
    "Trash",
    "Spam",
    "Junk",
    "Sent Items",
    "Deleted Items",
    "sent-mail",
    "Archive",
];

/// What is subscribed, in its order, one folder of which is gone.
pub const SUBSCRIPTIONS: &str = "Sent Items\nSpam\nDrafts\nGone\nSent\n";

pub const TEXT: &str = "From: a@b.example\nSubject: x\n\nhello\n";

fn recorded(method: &str, extension: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/compressed");
    std::fs::read(directory.join(method).with_extension(extension)).unwrap()
}

/// The message as a file holds it that is not compressed.
pub fn plain(method: &str) -> Vec<u8> {
    let mut message = recorded(method, "eml");
    message.retain(|byte| *byte != b'\r');
    message
}

/// A file's base name for a number, with the size of the message in it.
pub fn base(number: u32, size: usize) -> String {
    format!("{}.M{number}P1.old,S={size}", 1_700_000_000 + number)
}

/// `attic@example.com`.
pub fn attic() -> MailboxSpec {
    let mut list = String::from("3 V1700000000 N20\n");
    let mut files = Vec::new();
    let mut add = |uid: u32, path: String, base: &str, content: Vec<u8>| {
        list.push_str(&format!("{uid} :{base}\n"));
        files.push(MemoryFile::file(path, i64::from(1_700_000_000 + uid), content));
    };
    for (uid, method) in (1..).zip(COMPRESSED) {
        let base = base(uid, plain(method).len());
        add(uid, format!("Maildir/cur/{base}:2,S"), &base, recorded(method, "stored"));
    }
    let size = TEXT.len();
    // From a disk that takes no colon; from a client that sets flags in `new/`; a size that lies.
    add(5, format!("Maildir/cur/{};2,RS", base(5, size)), &base(5, size), TEXT.into());
    add(6, format!("Maildir/new/{}:2,FS", base(6, size)), &base(6, size), TEXT.into());
    add(7, format!("Maildir/cur/{}:2,", base(7, 999)), &base(7, 999), TEXT.into());
    files.push(MemoryFile::file("Maildir/dovecot-uidlist", 1_700_000_900, list));
    files.push(MemoryFile::file("Maildir/subscriptions", 1_700_000_900, SUBSCRIPTIONS));
    for (number, folder) in (1..).zip(FOLDERS) {
        let name = format!("{}.M1P1.old", 1_700_001_000 + number);
        files.push(MemoryFile::file(
            format!("Maildir/.{folder}/cur/{name}:2,S"),
            1_700_000_000,
            TEXT,
        ));
        files.push(MemoryFile::file(
            format!("Maildir/.{folder}/dovecot-uidlist"),
            1_700_000_900,
            format!("3 V{} N12\n11 :{name}\n", 1_700_000_100 + number),
        ));
    }
    MailboxSpec::new("attic").with_files(files).with_password(PasswordSpec::plain("secret"))
}
