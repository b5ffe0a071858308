//! Increments with the dumps below them: what comes out is what the newest dump's server had.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

use mail_model::dovecot::{Duplicates, Keywords, MaildirFile, ServeInput, UidList, serve};
use mail_model::folder::{Convention, FolderName};
use mail_model::maildir::{FileName, Place};
use mail_model::uidl::UidlFormat;
use sha2::{Digest, Sha256};

mod histories;
mod lists;
mod made;
mod recorded;
mod server;
mod stores;

/// A member of an archive, for comparing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stored {
    mode: u32,
    mtime: u64,
    link: Option<Vec<u8>>,
    bytes: Vec<u8>,
}

/// The members of an account's archive by their path, without the top directory.
pub fn members(archive: &Path) -> BTreeMap<String, Stored> {
    let file = std::fs::File::open(archive).unwrap();
    let reader: Box<dyn Read> = if archive.extension().is_some_and(|extension| extension == "gz") {
        Box::new(flate2::read::GzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut archive = tar::Archive::new(reader);
    let mut members = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let (_, path) = path.split_once('/').unwrap();
        let header = entry.header();
        let (mode, mtime) = (header.mode().unwrap(), header.mtime().unwrap());
        let link = entry.link_name_bytes().map(std::borrow::Cow::into_owned);
        let path = path.to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        members.insert(path, Stored { mode, mtime, link, bytes });
    }
    members
}

/// A message as the new server serves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub uid: u32,
    pub uidl: String,
    pub flags: Vec<String>,
    pub mtime: u64,
    pub sha256: String,
    /// Of the message without carriage returns and line ends at its end.
    pub digest: String,
}

/// A folder as the new server serves it.
#[derive(Clone, Debug, Default)]
pub struct Folder {
    pub uidvalidity: u32,
    pub next_uid: u32,
    /// By UID.
    pub messages: Vec<Message>,
    /// UIDLs as POP3 lists them.
    pub pop3: Vec<String>,
}

fn hex(bytes: &[u8]) -> String {
    let digits = Sha256::digest(bytes).to_vec().into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])).collect()
}

/// The mailboxes of an archive: folders by name, by address.
pub fn mailboxes(members: &BTreeMap<String, Stored>) -> BTreeMap<String, BTreeMap<String, Folder>> {
    let mut found: BTreeMap<String, BTreeMap<String, Folder>> = BTreeMap::new();
    let lists = members.iter().filter_map(|(path, list)| {
        let directory = path.strip_prefix("homedir/mail/")?.strip_suffix("/dovecot-uidlist")?;
        Some((directory, list))
    });
    for (directory, list) in lists {
        let parts: Vec<&str> = directory.split('/').collect();
        let (domain, local, dir) = (parts[0], parts[1], parts.get(2).unwrap_or(&""));
        let name = FolderName::from_dir(dir.as_bytes(), Convention::ModifiedUtf7).0.to_string();
        let read = folder(members, &format!("homedir/mail/{directory}"), &list.bytes);
        found.entry(format!("{local}@{domain}")).or_default().insert(name, read);
    }
    found
}

fn folder(members: &BTreeMap<String, Stored>, directory: &str, list: &[u8]) -> Folder {
    let (list, problems) = UidList::parse(list).unwrap();
    assert_eq!(problems, []);
    let keywords = members.get(&format!("{directory}/dovecot-keywords"));
    let (keywords, _) = Keywords::parse(keywords.map_or(&b""[..], |file| &file.bytes));
    let files: Vec<(Place, &str, &Stored)> = members
        .iter()
        .filter(|(_, stored)| stored.mode & 0o111 == 0)
        .filter_map(|(path, stored)| {
            let (place, name) = path.strip_prefix(directory)?.strip_prefix('/')?.split_once('/')?;
            match place {
                "cur" => Some((Place::Cur, name, stored)),
                "new" => Some((Place::New, name, stored)),
                _ => None,
            }
        })
        .collect();
    let served_files: Vec<MaildirFile<'_>> = files
        .iter()
        .map(|(place, name, _)| MaildirFile { place: *place, name: name.as_bytes(), x_uidl: None })
        .collect();
    let served = serve(&ServeInput {
        uidlist: Some(&list),
        files: &served_files,
        format: &UidlFormat::uid_dash_validity(),
        reuse_x_uidl: false,
        duplicates: Duplicates::Allow,
        new_uidvalidity: 1,
    });
    assert!(served.messages.iter().all(|message| message.uid_listed), "{directory}");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let messages: Vec<Message> = served
        .messages
        .iter()
        .map(|message| {
            let (_, name, stored) = files[message.file];
            let mut bytes = &stored.bytes;
            if let Some(target) = &stored.link {
                let target = text(target);
                bytes = &members[target.split_once('/').unwrap().1].bytes;
            }
            let mut plain = bytes.clone();
            plain.retain(|byte| *byte != b'\r');
            while plain.last() == Some(&b'\n') {
                plain.pop();
            }
            let name = FileName::parse(name.as_bytes());
            let mut flags: Vec<String> = name.flags.iter_letters().map(imap_flag).collect();
            let keyword = |index| keywords.name(index).map_or("unnamed".to_owned(), text);
            flags.extend(name.keywords.iter().map(keyword));
            flags.sort();
            let (mtime, uidl) = (stored.mtime, text(&message.uidl));
            let (sha256, digest) = (hex(bytes), hex(&plain));
            Message { uid: message.uid, uidl, flags, mtime, sha256, digest }
        })
        .collect();
    let pop3 = served.pop3_order.iter().map(|at| messages[*at].uidl.clone()).collect();
    Folder { uidvalidity: served.uidvalidity, next_uid: served.next_uid, messages, pop3 }
}

fn imap_flag(letter: u8) -> String {
    match letter {
        b'S' => "\\Seen",
        b'R' => "\\Answered",
        b'F' => "\\Flagged",
        b'T' => "\\Deleted",
        b'D' => "\\Draft",
        other => panic!("{other}"),
    }
    .to_owned()
}

/// Findings of the report: code, object and text.
pub fn findings(report: &serde_json::Value) -> Vec<(String, String, String)> {
    let accounts = report["accounts"].as_array().unwrap().iter();
    let of_accounts = accounts.flat_map(|account| account["findings"].as_array().unwrap());
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    of_accounts
        .chain(report["findings"].as_array().unwrap())
        .map(|it| (text(&it["code"]), text(&it["object"]), text(&it["text"])))
        .collect()
}

/// Codes of the findings that are about chains and dumps.
pub fn chain_codes(report: &serde_json::Value) -> BTreeSet<String> {
    let about = [
        "chain-gap",
        "deleted-in-chain",
        "maybe-deleted-in-chain",
        "list-from-older-dump",
        "older-dump",
    ];
    let codes = findings(report).into_iter().map(|(code, ..)| code);
    codes.filter(|code| about.contains(&code.as_str())).collect()
}
