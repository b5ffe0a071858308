//! A maildir as MailEnable would keep the same messages.
//!
//! How Plesk for Windows packs the mail of MailEnable is not established. What is packed here is
//! **synthetic**: the layout that MailEnable has on disk below `MAILROOT`, a directory for each
//! mailbox, in it one for each folder, in it one file `<hexadecimal>.MAI` with CRLF for each message,
//! and files of the server's own beside, whose content is made up.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::spec::{MailboxSource, MemoryFile, MemoryKind, Spec};

/// What of all mailboxes has no place in it.
pub(crate) const LOST: &str =
    "flags, state files, and what lies beside the messages of all mailboxes";

/// A spec in which all mail of mailboxes is kept so.
pub(crate) fn kept(spec: &Spec) -> io::Result<Spec> {
    let mut spec = spec.clone();
    for subscription in &mut spec.subscriptions {
        let sites = subscription.sites.iter_mut().flat_map(|site| &mut site.mailboxes);
        for mailbox in subscription.mailboxes.iter_mut().chain(sites) {
            if let Some(source) = mailbox.mail() {
                mailbox.source = Some(MailboxSource::Files(self::mailbox(&source)?));
            }
        }
    }
    Ok(spec)
}

/// The mail of a mailbox, seen from the mailbox's own directory. Flags and state files have no
/// place in it.
pub(crate) fn mailbox(source: &MailboxSource) -> io::Result<Vec<MemoryFile>> {
    let maildir = match source {
        MailboxSource::Files(files) => files
            .iter()
            .filter_map(|file| {
                let path = file.path.strip_prefix(b"Maildir/")?.to_vec();
                Some(MemoryFile { path, ..file.clone() })
            })
            .collect(),
        MailboxSource::Tree(path) => {
            let inside = path.join("Maildir");
            let mut files = Vec::new();
            read(if inside.exists() { &inside } else { path }, b"", &mut files)?;
            files
        }
        MailboxSource::Raw(_) | MailboxSource::Synthetic { .. } => {
            return Err(io::Error::other("only maildirs are kept as MailEnable would keep them"));
        }
    };
    let mut files = vec![own("_mailbox.cfg", "[Synthetic]\r\nOwner=0\r\n")];
    let mut folders: Vec<Vec<u8>> = vec![b"Inbox".to_vec()];
    for file in maildir {
        let MemoryKind::File(content) = &file.kind else { continue };
        let Some((folder, base)) = message(&file.path) else { continue };
        if !folders.contains(&folder) {
            folders.push(folder.clone());
        }
        let name = format!("{}.MAI", hexadecimal(base));
        let path = [&folder[..], b"/", name.as_bytes()].concat();
        files.push(MemoryFile { path, kind: MemoryKind::File(crlf(content)), ..file });
    }
    files.extend(folders.iter().map(|folder| {
        let path = [folder, &b"/_index.xml"[..]].concat();
        let content = b"<?xml version=\"1.0\"?><synthetic/>\r\n".to_vec();
        MemoryFile { path, mtime: 0, kind: MemoryKind::File(content) }
    }));
    Ok(files)
}

fn own(name: &str, text: &str) -> MemoryFile {
    MemoryFile::file(name, 0, text)
}

/// Folder and base name of a message of a maildir.
fn message(path: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let (folder, name) = match parts.as_slice() {
        [b"cur" | b"new", name] => (b"Inbox".to_vec(), *name),
        [folder, b"cur" | b"new", name] if folder.starts_with(b".") => {
            let folder = match &folder[1..] {
                b"Sent" => b"Sent Items".to_vec(),
                other => {
                    other.iter().map(|byte| if *byte == b'.' { b'/' } else { *byte }).collect()
                }
            };
            (folder, *name)
        }
        _ => return None,
    };
    let base = name.split(|byte| *byte == b':').next().unwrap_or(name);
    Some((folder, base))
}

/// A name of the length that MailEnable's have, made from another.
fn hexadecimal(name: &[u8]) -> String {
    let mut words = [0x6c62_272e_07bb_0142_u64, 0x62b8_2175_6295_c58d];
    for (index, byte) in name.iter().enumerate() {
        let word = &mut words[index % 2];
        *word = (*word ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    format!("{:016X}{:016X}", words[0], words[1])
}

fn crlf(content: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(content.len() + content.len() / 32);
    let mut before = 0;
    for byte in content {
        if *byte == b'\n' && before != b'\r' {
            text.push(b'\r');
        }
        text.push(*byte);
        before = *byte;
    }
    text
}

fn read(directory: &Path, below: &[u8], files: &mut Vec<MemoryFile>) -> io::Result<()> {
    let mut entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = crate::walk::join(below, entry.file_name().as_encoded_bytes());
        if entry.file_type()?.is_dir() {
            read(&entry.path(), &name, files)?;
        } else if entry.file_type()?.is_file() {
            let mtime = entry.metadata()?.mtime();
            files.push(MemoryFile {
                path: name,
                mtime,
                kind: MemoryKind::File(fs::read(entry.path())?),
            });
        }
    }
    Ok(())
}
