//! An archive of an account, as cPanel makes it: read through once for the names, and again for
//! messages that are asked for.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use mail_model::identity::{RawFile, StateFile};
use mail_model::maildir::{Place, base_name};

use super::directory::bounded;
use super::maildir::is_folder;
use super::{Format, HomeError, HomeFolder, HomeMailbox, LARGEST_STATE, Visit};
use crate::error::Error;
use crate::progress::Interrupt;

type Entry<'a> = tar::Entry<'a, Box<dyn Read>>;

/// An archive, with all names and lists of its mail.
pub(super) struct ArchiveHome {
    path: PathBuf,
    mailboxes: BTreeMap<(Vec<u8>, Vec<u8>), Found>,
}

#[derive(Default)]
struct Found {
    folders: BTreeMap<Vec<u8>, FoundFolder>,
    subscriptions: Option<StateFile>,
    passed_over: Vec<Vec<u8>>,
    stated: Option<Vec<u8>>,
    dbox: Option<Format>,
}

#[derive(Default)]
struct FoundFolder {
    folder: HomeFolder,
    is_maildir: bool,
}

impl ArchiveHome {
    pub(super) fn read(path: &Path, interrupt: &Interrupt) -> Result<ArchiveHome, Error> {
        let mut home = ArchiveHome { path: path.to_owned(), mailboxes: BTreeMap::new() };
        // Messages by path, for second names.
        let mut members: HashMap<Vec<u8>, (u64, u64)> = HashMap::new();
        let mut has_home = false;
        walk(path, interrupt, &mut |number, entry| {
            let path = entry.path_bytes().into_owned();
            has_home |= below_home(&path).is_some();
            let Some(inner) = below_mail(&path) else { return Ok(()) };
            let mut parts = inner.splitn(3, |byte| *byte == b'/');
            let (Some(domain), Some(local)) = (parts.next(), parts.next()) else { return Ok(()) };
            let rest = parts.next().unwrap_or_default();
            if domain.is_empty() || local.is_empty() || domain.starts_with(b".") {
                return Ok(());
            }
            let inner = inner.to_vec();
            let key = (domain.to_vec(), local.to_vec());
            let rest = rest.to_vec();
            if key.1 == b"cur" || key.1 == b"new" || key.1 == b"tmp" {
                return Ok(()); // a folder of the account's own mailbox
            }
            // A second name of a message says where the first one is.
            let linked = entry.header().entry_type().is_hard_link().then(|| {
                let link = entry.link_name_bytes()?;
                members.get(below_mail(&link)?).copied()
            });
            let source = match linked {
                Some(linked) => linked,
                None => Some((number, entry.size())),
            };
            let found = home.mailboxes.entry(key).or_default();
            if let Some((member, size)) = found.add(&rest, entry, source)? {
                members.insert(inner, (member, size));
            }
            Ok(())
        })?;
        if !has_home {
            let text = "it is no archive of a cPanel account: it has no `homedir` in it";
            return Err(HomeError::new(path, text).into());
        }
        Ok(home)
    }

    pub(super) fn domains(&self) -> Vec<Vec<u8>> {
        let mut domains: Vec<Vec<u8>> =
            self.mailboxes.keys().map(|(domain, _)| domain.clone()).collect();
        domains.dedup();
        domains
    }

    pub(super) fn mailbox(&self, domain: &[u8], local: &[u8]) -> Option<HomeMailbox> {
        let found = self.mailboxes.get(&(domain.to_vec(), local.to_vec()))?;
        let format = match found.stated.as_deref() {
            Some(b"maildir") => Format::Maildir,
            Some(b"mdbox") => Format::Mdbox,
            Some(b"sdbox") => Format::Sdbox,
            _ => found.dbox.unwrap_or(Format::Maildir),
        };
        let maildirs = found.folders.values().filter(|folder| folder.is_maildir);
        let folders = maildirs.filter(|_| format == Format::Maildir).map(|found| {
            let mut order: Vec<usize> = (0..found.folder.raw.files.len()).collect();
            let files = &found.folder.raw.files;
            order.sort_by(|a, b| {
                (files[*a].place, &files[*a].name).cmp(&(files[*b].place, &files[*b].name))
            });
            let mut folder = HomeFolder {
                raw: found.folder.raw.clone(),
                cur_mtime: found.folder.cur_mtime,
                members: order.iter().map(|at| found.folder.members[*at]).collect(),
            };
            folder.raw.files = order.iter().map(|at| files[*at].clone()).collect();
            folder
        });
        Some(HomeMailbox {
            format,
            folders: folders.collect(),
            subscriptions: found.subscriptions.clone(),
            passed_over: found.passed_over.clone(),
            dir: None,
        })
    }

    pub(super) fn read_members(
        &self,
        members: &[u64],
        interrupt: &Interrupt,
        visit: &mut Visit<'_>,
    ) -> Result<(), Error> {
        let mut wanted: Vec<(u64, usize)> =
            members.iter().enumerate().map(|(at, member)| (*member, at)).collect();
        wanted.sort_unstable();
        let mut rest = wanted.as_slice();
        if rest.is_empty() {
            return Ok(());
        }
        walk(&self.path, interrupt, &mut |number, entry| {
            let here = rest.partition_point(|(member, _)| *member <= number);
            let (now, later) = rest.split_at(here);
            rest = later;
            if now.is_empty() {
                return Ok(());
            }
            let same: Vec<usize> = now.iter().map(|(_, at)| *at).collect();
            visit(&same, Ok(entry))?;
            Ok(())
        })
    }
}

fn walk(
    path: &Path,
    interrupt: &Interrupt,
    visit: &mut dyn FnMut(u64, &mut Entry<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let failed = |error: std::io::Error| Error::from(HomeError::new(path, &error));
    let mut archive = tar::Archive::new(open(path).map_err(failed)?);
    for (number, entry) in archive.entries().map_err(failed)?.enumerate() {
        if interrupt.is_raised() {
            return Err(Error::Interrupted);
        }
        visit(number as u64, &mut entry.map_err(failed)?)?;
    }
    Ok(())
}

impl Found {
    /// Takes one member of the mailbox. Gives back where the bytes of a message are.
    fn add(
        &mut self,
        path: &[u8],
        entry: &mut Entry<'_>,
        source: Option<(u64, u64)>,
    ) -> Result<Option<(u64, u64)>, Error> {
        let kind = entry.header().entry_type();
        let path = path.strip_suffix(b"/").unwrap_or(path);
        let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
        let (dir, inner) = match parts.as_slice() {
            [first, rest @ ..] if is_folder(first) => (*first, rest),
            all => (&b""[..], all),
        };
        let mtime = entry.header().mtime().ok().and_then(|time| i64::try_from(time).ok());
        let mtime = mtime.unwrap_or_default();
        if dir.is_empty() && kind.is_dir() {
            match path {
                b"storage" => self.dbox = Some(Format::Mdbox),
                b"mailboxes" => self.dbox = self.dbox.or(Some(Format::Sdbox)),
                _ => {}
            }
        }
        let folder = self.folders.entry(dir.to_vec()).or_default();
        folder.folder.raw.dir = dir.to_vec();
        match inner {
            [place @ (b"cur" | b"new")] if kind.is_dir() => {
                folder.is_maildir = true;
                if *place == b"cur" {
                    folder.folder.cur_mtime = Some(mtime);
                }
            }
            [place @ (b"cur" | b"new"), name] => {
                let is_message =
                    (kind.is_file() || kind.is_hard_link()) && !base_name(name).is_empty();
                let Some((member, size)) = source.filter(|_| is_message) else {
                    self.passed_over.push(path.to_vec());
                    return Ok(None);
                };
                folder.is_maildir = true;
                folder.folder.raw.files.push(RawFile {
                    place: if *place == b"cur" { Place::Cur } else { Place::New },
                    name: name.to_vec(),
                    size,
                    mtime,
                    x_uidl: None,
                });
                folder.folder.members.push(member);
                return Ok(Some((member, size)));
            }
            [name] if name.starts_with(b"dovecot.index") => {
                let newest = &mut folder.folder.raw.index_log_mtime;
                *newest = (*newest).max(Some(mtime));
            }
            [name] if kind.is_file() => {
                let raw = &mut folder.folder.raw;
                let slot = match *name {
                    b"dovecot-uidlist" => &mut raw.uidlist,
                    b"dovecot-keywords" => &mut raw.dovecot_keywords,
                    b"subscriptions" if dir.is_empty() => &mut self.subscriptions,
                    b"mailbox_format.cpanel" if dir.is_empty() => {
                        let bytes = read(entry, path)?;
                        self.stated = Some(bytes.trim_ascii().to_vec());
                        return Ok(None);
                    }
                    _ => return Ok(None),
                };
                *slot = Some(StateFile { bytes: read(entry, path)?, mtime });
            }
            _ => {}
        }
        Ok(None)
    }
}

fn read(entry: impl Read, path: &[u8]) -> Result<Vec<u8>, Error> {
    bounded(entry, LARGEST_STATE)
        .map_err(|error| HomeError::new(Path::new(&plesk_backup::printable(path)), &error).into())
}

/// A tar, also gzipped.
fn open(path: &Path) -> std::io::Result<Box<dyn Read>> {
    let mut file = File::open(path)?;
    let mut magic = Vec::new();
    (&mut file).take(2).read_to_end(&mut magic)?;
    file.seek(SeekFrom::Start(0))?;
    let file = BufReader::with_capacity(1 << 16, file);
    Ok(if magic == [0x1f, 0x8b] {
        Box::new(flate2::bufread::MultiGzDecoder::new(file))
    } else {
        Box::new(file)
    })
}

/// What follows `homedir/`, which stands at the top or below one directory.
fn below_home(path: &[u8]) -> Option<&[u8]> {
    let path = path.strip_prefix(b"./").unwrap_or(path);
    path.strip_prefix(b"homedir/").or_else(|| {
        let slash = path.iter().position(|byte| *byte == b'/')?;
        path[slash + 1..].strip_prefix(b"homedir/")
    })
}

fn below_mail(path: &[u8]) -> Option<&[u8]> {
    below_home(path)?.strip_prefix(b"mail/")
}
