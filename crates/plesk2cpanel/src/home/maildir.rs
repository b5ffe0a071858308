//! A mailbox that lies on disk.

use std::collections::HashMap;
use std::io::{self, Read};

use mail_model::identity::{RawFile, RawFolder, StateFile};
use mail_model::maildir::{Place, base_name};

use super::directory::mtime;
use super::lock::LIST;
use super::{
    Dir, Format, HomeError, HomeFolder, HomeMailbox, Kind, LARGEST_STATE, LIST_PER_FILE,
    LIST_WITHOUT_FILES, MOST_FIELDS, MessageAt, Visit,
};
use crate::error::Error;
use crate::progress::Interrupt;

/// Says how a mailbox is stored, where cPanel wrote it down.
const FORMAT: &[u8] = b"mailbox_format.cpanel";

impl HomeMailbox {
    /// Reads the mailbox in a directory.
    ///
    /// # Errors
    /// As [`super::Home::mailbox`].
    pub(crate) fn read(dir: Dir) -> Result<HomeMailbox, HomeError> {
        let mut mailbox = HomeMailbox {
            format: format(&dir)?,
            folders: Vec::new(),
            subscriptions: None,
            passed_over: Vec::new(),
            dir: None,
        };
        if mailbox.format == Format::Maildir {
            mailbox.subscriptions = dir.state(b"subscriptions")?.map(|(state, _)| state);
            let mut names = vec![Vec::new()];
            for entry in dir.entries()? {
                if !is_folder(&entry.name) {
                    continue;
                }
                match entry.kind {
                    Kind::Directory => names.push(entry.name),
                    Kind::Other => mailbox.passed_over.push(entry.name),
                    Kind::File => {}
                }
            }
            names.sort_unstable();
            for name in names {
                let child = if name.is_empty() { None } else { dir.child(&name)? };
                if child.is_none() && !name.is_empty() {
                    continue; // gone meanwhile
                }
                let at = child.as_ref().unwrap_or(&dir);
                if let Some(folder) = read_folder(at, &name, &mut mailbox.passed_over)? {
                    mailbox.folders.push(folder);
                }
            }
        }
        mailbox.dir = Some(dir);
        Ok(mailbox)
    }

    /// The directory of a folder, by its name below the mailbox; empty for INBOX. None when it is
    /// gone, and in an archive.
    ///
    /// # Errors
    /// When it can't be opened.
    pub(crate) fn folder_dir(&self, name: &[u8]) -> Result<Option<Dir>, HomeError> {
        let Some(dir) = &self.dir else { return Ok(None) };
        if name.is_empty() { dir.again().map(Some) } else { dir.child(name) }
    }

    /// The directory of the mailbox; None in an archive.
    pub(crate) fn dir(&self) -> Option<&Dir> {
        self.dir.as_ref()
    }
}

/// Reads a folder anew: what it holds under the lock of its list.
///
/// # Errors
/// When it can't be read.
pub(crate) fn read_folder(
    dir: &Dir,
    name: &[u8],
    passed_over: &mut Vec<Vec<u8>>,
) -> Result<Option<HomeFolder>, HomeError> {
    let (new, cur) = (dir.child(b"new")?, dir.child(b"cur")?);
    if new.is_none() && cur.is_none() {
        return Ok(None);
    }
    let state = |name: &[u8]| Ok(dir.state(name)?.map(|(state, _)| state));
    let mut raw = RawFolder {
        dir: name.to_vec(),
        dovecot_keywords: state(b"dovecot-keywords")?,
        ..RawFolder::default()
    };
    for entry in dir.entries()? {
        if entry.name.starts_with(b"dovecot.index")
            && let Some(stat) = dir.stat(&entry.name)?
        {
            raw.index_log_mtime = raw.index_log_mtime.max(Some(mtime(&stat)));
        }
    }
    // What a client is shown for the first time goes from new/ to cur/, so that in this order
    // nothing is passed over.
    let mut folder = HomeFolder { raw, ..HomeFolder::default() };
    for (place, inner) in [(Place::New, new), (Place::Cur, cur)] {
        let Some(inner) = inner else { continue };
        if place == Place::Cur {
            folder.cur_mtime = Some(mtime(&inner.own_stat()?));
        }
        read_files(&inner, place, name, &mut folder.raw.files, passed_over)?;
    }
    folder.raw.uidlist = list(dir, folder.raw.files.len())?;
    // By name: the same files give the same result on any file system.
    folder.raw.files.sort_by(|a, b| (a.place, &a.name).cmp(&(b.place, &b.name)));
    Ok(Some(folder))
}

/// The list of a folder with so many files.
fn list(dir: &Dir, files: usize) -> Result<Option<StateFile>, HomeError> {
    let limit = LIST_WITHOUT_FILES.saturating_add(LIST_PER_FILE.saturating_mul(files as u64));
    let Some((state, _)) = dir.state_up_to(LIST, limit.min(LARGEST_STATE))? else {
        return Ok(None);
    };
    let has_many = |line: &[u8]| memchr::memchr_iter(b' ', line).nth(MOST_FIELDS).is_some();
    if state.bytes.split(|byte| *byte == b'\n').any(has_many) {
        return Err(HomeError::new(&dir.path_of(LIST), "a line of it has more fields than any"));
    }
    Ok(Some(state))
}

fn read_files(
    dir: &Dir,
    place: Place,
    folder: &[u8],
    files: &mut Vec<RawFile>,
    passed_over: &mut Vec<Vec<u8>>,
) -> Result<(), HomeError> {
    for entry in dir.entries()? {
        // A name that says nothing but flags is no message's, and no list can hold it.
        let is_odd = entry.kind == Kind::Other || base_name(&entry.name).is_empty();
        match entry.kind {
            Kind::Directory => {}
            _ if is_odd => {
                let inner = if place == Place::Cur { &b"cur"[..] } else { b"new" };
                let path: Vec<&[u8]> = [folder, inner, &entry.name].into();
                let path = path.into_iter().filter(|part| !part.is_empty());
                passed_over.push(path.collect::<Vec<_>>().join(&b'/'));
            }
            _ => {
                // One that got another name meanwhile is met under that.
                let Some(stat) = dir.stat(&entry.name)? else { continue };
                files.push(RawFile {
                    place,
                    name: entry.name,
                    size: u64::try_from(stat.st_size).unwrap_or_default(),
                    mtime: mtime(&stat),
                    x_uidl: None,
                });
            }
        }
    }
    Ok(())
}

fn format(dir: &Dir) -> Result<Format, HomeError> {
    let stated = dir.state(FORMAT)?.map(|(state, _)| state.bytes.trim_ascii().to_vec());
    let dbox = [(&b"storage"[..], Format::Mdbox), (b"mailboxes", Format::Sdbox)];
    let mut found = Format::Maildir;
    for (name, format) in dbox.into_iter().rev() {
        if dir.child(name)?.is_some() {
            found = format;
        }
    }
    Ok(match stated.as_deref() {
        Some(b"maildir") => Format::Maildir,
        Some(b"mdbox") => Format::Mdbox,
        Some(b"sdbox") => Format::Sdbox,
        _ => found,
    })
}

/// Whether this is the name of a folder's directory.
pub(super) fn is_folder(name: &[u8]) -> bool {
    name.len() > 1 && name.starts_with(b".") && name != b".."
}

pub(super) fn read_messages(
    mailbox: &HomeMailbox,
    wanted: &[MessageAt],
    interrupt: &Interrupt,
    visit: &mut Visit<'_>,
) -> Result<(), Error> {
    // By folder, so that each directory is opened once.
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|number| wanted[*number]);
    for same in order.chunk_by(|one, other| wanted[*one].0 == wanted[*other].0) {
        let folder = &mailbox.folders[wanted[same[0]].0];
        let dir = mailbox.folder_dir(&folder.raw.dir)?;
        let mut open = match dir {
            Some(dir) => OpenFolder::new(&dir)?,
            None => OpenFolder::default(),
        };
        for number in same {
            if interrupt.is_raised() {
                return Err(Error::Interrupted);
            }
            match open.message(&folder.raw.files[wanted[*number].1]) {
                Ok(mut file) => visit(&[*number], Ok(&mut file))?,
                Err(error) => visit(&[*number], Err(error))?,
            }
        }
    }
    Ok(())
}

/// `cur/` and `new/` of a folder.
#[derive(Default)]
struct OpenFolder {
    cur: Option<Dir>,
    new: Option<Dir>,
    /// Names in `cur/` by base name, read when a file is no longer under the name that it had.
    now: Option<HashMap<Vec<u8>, Vec<u8>>>,
}

impl OpenFolder {
    fn new(dir: &Dir) -> Result<OpenFolder, HomeError> {
        Ok(OpenFolder { cur: dir.child(b"cur")?, new: dir.child(b"new")?, now: None })
    }

    fn message(&mut self, file: &RawFile) -> io::Result<impl Read> {
        let dir = if file.place == Place::Cur { &self.cur } else { &self.new };
        if let Some(dir) = dir
            && let Some((found, _)) = dir.file(&file.name).map_err(io::Error::other)?
        {
            return Ok(found);
        }
        // A flag that changed is another name.
        let gone = || io::Error::from(io::ErrorKind::NotFound);
        let cur = self.cur.as_ref().ok_or_else(gone)?;
        if self.now.is_none() {
            let entries = cur.entries().map_err(io::Error::other)?.into_iter();
            self.now =
                Some(entries.map(|entry| (base_name(&entry.name).to_vec(), entry.name)).collect());
        }
        let names = self.now.as_ref().ok_or_else(gone)?;
        let name = names.get(base_name(&file.name)).ok_or_else(gone)?;
        let found = cur.file(name).map_err(io::Error::other)?;
        found.map(|(file, _)| file).ok_or_else(gone)
    }
}
