//! Before an archive gets its name: it is read again from disk, and what the new server will make
//! of it is compared with what was meant.

use std::collections::HashMap;
use std::io::{Read, Write};

use cpmove::ReadKind;
use mail_model::identity::{Folder, verify_folder};
use mail_model::maildir::Place;
use mail_model::uidl::UidlFormat;
use plesk_backup::printable;

use crate::error::Error;
use crate::progress::{Interrupt, Progress};
use crate::write::{KeptFile, Sources, Sums, Written, folder_path};

/// A folder as the archive holds it.
#[derive(Default)]
struct Found {
    uidlist: Option<Vec<u8>>,
    keywords: Option<Vec<u8>>,
    files: Vec<(Place, Vec<u8>)>,
    facts: HashMap<Vec<u8>, Facts>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Facts {
    size: u64,
    mtime: i64,
    crc: u32,
}

/// Reads the finished archive and compares.
///
/// # Errors
/// [`Error::ReadBack`] when anything differs.
pub(crate) fn read_back(
    sources: &Sources<'_>,
    written: &Written,
    progress: &dyn Progress,
    interrupt: &Interrupt,
) -> Result<(), Error> {
    let name = written
        .archive
        .target()
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let mut folders: HashMap<Vec<u8>, Found> = HashMap::new();
    for mailbox in sources.mailboxes {
        for folder in &mailbox.model.folders {
            folders.insert(folder_path(sources.plan, mailbox, folder), Found::default());
        }
    }
    let mut strange = Vec::new();
    let mut linked: HashMap<Vec<u8>, Facts> = HashMap::new();
    written
        .archive
        .read_back(|mut member| {
            if interrupt.is_raised() {
                return Err(std::io::Error::other("interrupted"));
            }
            let facts = match member.kind {
                ReadKind::Directory => return Ok(()),
                ReadKind::File => {
                    progress.advance(&sources.plan.domain, member.size);
                    None
                }
                ReadKind::HardLink { target } => {
                    let Some(facts) = linked.get(target) else {
                        strange.push(format!(
                            "`{}` is a link to `{}`, which did not go before it",
                            printable(member.path),
                            printable(target)
                        ));
                        return Ok(());
                    };
                    Some(*facts)
                }
            };
            collect(&mut folders, &mut linked, &mut strange, &written.kept, &mut member, facts)
        })
        .map_err(|error| {
            if interrupt.is_raised() {
                Error::Interrupted
            } else {
                Error::ReadBack { archive: name.clone(), difference: error.to_string(), count: 1 }
            }
        })?;

    strange.extend(
        written
            .kept
            .keys()
            .filter(|path| !linked.contains_key(*path))
            .map(|path| format!("`{}` was written and is not there", printable(path))),
    );
    strange.sort_unstable();
    let format = UidlFormat::uid_dash_validity();
    let mut differences = strange;
    for (mailbox, sums) in sources.mailboxes.iter().zip(&written.sums) {
        for (folder, sums) in mailbox.model.folders.iter().zip(sums) {
            let path = folder_path(sources.plan, mailbox, folder);
            let Some(found) = folders.get(&path) else { continue };
            let place = format!("{} {}", mailbox.plan.address, folder.name);
            let uidlist = found.uidlist.as_deref().unwrap_or_default();
            differences.extend(
                verify_folder(folder, uidlist, found.keywords.as_deref(), &found.files, &format)
                    .into_iter()
                    .map(|difference| format!("{place}: {difference}")),
            );
            let Some(scanned) = mailbox.scanned else { continue };
            let files = &scanned.raw.folders[folder.source].files;
            compare_bytes(&place, folder, files, sums, found, &mut differences);
        }
    }
    match differences.first() {
        None => Ok(()),
        Some(first) => Err(Error::ReadBack {
            archive: name,
            difference: first.clone(),
            count: differences.len(),
        }),
    }
}

fn collect(
    folders: &mut HashMap<Vec<u8>, Found>,
    linked: &mut HashMap<Vec<u8>, Facts>,
    strange: &mut Vec<String>,
    kept: &HashMap<Vec<u8>, KeptFile>,
    member: &mut cpmove::ReadMember<'_>,
    link: Option<Facts>,
) -> std::io::Result<()> {
    let path = member.path;
    if let Some(meant) = kept.get(path) {
        let facts = match link {
            Some(facts) => facts,
            None => Facts { size: member.size, mtime: member.mtime, crc: checksum(member.data)? },
        };
        if (facts.size, facts.crc) != (meant.size, meant.crc) {
            strange.push(format!("`{}` has other bytes than were written", printable(path)));
        }
        linked.insert(path.to_vec(), facts);
        return Ok(());
    }
    if !path.starts_with(b"homedir/mail/") {
        return Ok(());
    }
    let Some((directory, file)) = split(path) else { return Ok(()) };
    // A mailbox may be called `cur`: what lies in a folder itself goes before what its path looks like.
    if let Some(found) = folders.get_mut(directory) {
        let slot = match file {
            b"dovecot-uidlist" => &mut found.uidlist,
            b"dovecot-keywords" => &mut found.keywords,
            _ => return Ok(()),
        };
        let mut bytes = Vec::new();
        member.data.read_to_end(&mut bytes)?;
        *slot = Some(bytes);
        return Ok(());
    }
    let Some((folder, place)) = split(directory).and_then(|(folder, last)| match last {
        b"cur" => Some((folder, Place::Cur)),
        b"new" => Some((folder, Place::New)),
        _ => None,
    }) else {
        return Ok(());
    };
    let facts = match link {
        Some(facts) => facts,
        None => Facts { size: member.size, mtime: member.mtime, crc: checksum(member.data)? },
    };
    match folders.get_mut(folder) {
        Some(found) => {
            found.files.push((place, file.to_vec()));
            found.facts.insert(file.to_vec(), facts);
        }
        None => strange.push(format!("`{}` is in no folder that was meant", printable(path))),
    }
    linked.insert(path.to_vec(), facts);
    Ok(())
}

fn compare_bytes(
    place: &str,
    folder: &Folder,
    files: &[mail_model::identity::RawFile],
    sums: &[Sums],
    found: &Found,
    differences: &mut Vec<String>,
) {
    for (message, sums) in folder.messages.iter().zip(sums) {
        let file = &files[message.file];
        let name = message.name.to_bytes();
        let Some(facts) = found.facts.get(&name) else { continue }; // named by the comparison of names
        let meant = Facts { size: file.size, mtime: file.mtime, crc: sums.crc };
        if *facts != meant {
            differences.push(format!(
                "{place}: `{}` has {} bytes, mtime {} and checksum {:08x}, and should have {}, {} \
                 and {:08x}",
                printable(&name),
                facts.size,
                facts.mtime,
                facts.crc,
                meant.size,
                meant.mtime,
                meant.crc
            ));
        }
    }
}

fn split(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = path.iter().rposition(|byte| *byte == b'/')?;
    Some((&path[..slash], &path[slash + 1..]))
}

fn checksum(data: &mut dyn Read) -> std::io::Result<u32> {
    let mut sum = Sum(crc32fast::Hasher::new());
    std::io::copy(data, &mut sum)?;
    Ok(sum.0.finalize())
}

/// Sums up what is written to it.
struct Sum(crc32fast::Hasher);

impl Write for Sum {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
