//! What goes into the archives of mail.

use std::io;

use crate::archive::ArchiveWriter;
use crate::layout::Mail;
use crate::spec::{MailboxSource, MemoryFile, NamedFile};
use crate::synthetic::Synthetic;
use crate::tar_format::POPUSER;
use crate::walk::{Links, add_memory, add_one, add_tree};

/// One directory of a mail domain.
struct Directory<'a> {
    name: String,
    source: MailboxSource,
    /// Further directories in it, with their files.
    beside: Vec<(&'static str, &'a [NamedFile])>,
}

/// The directories with something in them, sorted as they lie on disk.
fn directories<'a>(mail: &Mail<'a>) -> Vec<Directory<'a>> {
    let listed = mail.mailboxes.iter().filter_map(|mailbox| {
        let beside = mailbox.beside();
        // Settings alone make a directory as well.
        let alone = (!beside.is_empty()).then(|| MailboxSource::Files(Vec::new()));
        let source = mailbox.mail().or(alone)?;
        // On disk the names are lower-case, whatever the panel shows.
        Some(Directory { name: mailbox.name.to_lowercase(), source, beside })
    });
    let unlisted = mail.unlisted.iter().map(|directory| Directory {
        name: directory.name.clone(),
        source: directory.source.clone(),
        beside: Vec::new(),
    });
    let mut directories: Vec<_> = listed.chain(unlisted).collect();
    directories.sort_by(|one, other| one.name.cmp(&other.name));
    directories
}

/// Whether there is anything to pack: Plesk writes no empty archives.
pub(crate) fn has_mail(mail: &Mail<'_>) -> bool {
    !directories(mail).is_empty()
}

/// Files of settings, in memory. They have no time of their own.
pub(crate) fn named_files(directory: &str, files: &[NamedFile], mtime: i64) -> Vec<MemoryFile> {
    let path = |file: &NamedFile| match directory {
        "" => file.name.clone(),
        directory => format!("{directory}/{}", file.name),
    };
    files.iter().map(|file| MemoryFile::file(path(file), mtime, file.content.clone())).collect()
}

/// Fills the archive of a whole domain.
pub(crate) fn add_domain(
    archive: &mut ArchiveWriter<'_>,
    mail: &Mail<'_>,
    mtime_of_settings: i64,
) -> io::Result<()> {
    let mut links = Links::new();
    for directory in directories(mail) {
        let name = directory.name.as_bytes();
        match &directory.source {
            MailboxSource::Tree(path) if is_maildir(path) => {
                // The tree has no directory above the Maildir, so that one is made up.
                add_one(archive, &POPUSER, &MemoryFile::directory(name, modified(path)?), name)?;
                let maildir = [name, b"/Maildir"].concat();
                add_tree(archive, &POPUSER, &mut links, path, &maildir)?;
            }
            MailboxSource::Tree(path) => add_tree(archive, &POPUSER, &mut links, path, name)?,
            MailboxSource::Files(files) => {
                let beside: Vec<_> = directory
                    .beside
                    .iter()
                    .flat_map(|(name, files)| named_files(name, files, mtime_of_settings))
                    .collect();
                let files: Vec<_> = files.iter().chain(&beside).collect();
                add_memory(archive, &POPUSER, &files, name)?;
                continue;
            }
            MailboxSource::Raw(files) => add_raw(archive, files)?,
            MailboxSource::Synthetic { messages, message_bytes, seed, server } => {
                let synthetic = Synthetic::new(*messages, *message_bytes, *seed, *server);
                let mtime = synthetic.newest();
                add_one(archive, &POPUSER, &MemoryFile::directory(name, mtime), name)?;
                synthetic.add(archive, &[name, b"/Maildir"].concat())?;
            }
        }
        // Behind what is streamed, though a walk over a real tree would meet them before.
        for (inside, files) in &directory.beside {
            let files = named_files("", files, mtime_of_settings);
            let name = [name, b"/", inside.as_bytes()].concat();
            add_memory(archive, &POPUSER, &files.iter().collect::<Vec<_>>(), &name)?;
        }
    }
    Ok(())
}

/// Fills the archive of one mailbox, whose root is the Maildir.
pub(crate) fn add_maildir(
    archive: &mut ArchiveWriter<'_>,
    source: &MailboxSource,
) -> io::Result<()> {
    match source {
        MailboxSource::Tree(path) => {
            let path = if is_maildir(path) { path.clone() } else { path.join("Maildir") };
            add_tree(archive, &POPUSER, &mut Links::new(), &path, b"")
        }
        MailboxSource::Files(files) => {
            let inside: Vec<_> = files
                .iter()
                .filter_map(|file| {
                    let path = file.path.strip_prefix(b"Maildir/")?.to_vec();
                    Some(MemoryFile { path, ..file.clone() })
                })
                .collect();
            add_memory(archive, &POPUSER, &inside.iter().collect::<Vec<_>>(), b"")
        }
        MailboxSource::Raw(files) => add_raw(archive, files),
        MailboxSource::Synthetic { messages, message_bytes, seed, server } => {
            Synthetic::new(*messages, *message_bytes, *seed, *server).add(archive, b"")
        }
    }
}

/// Fills the archive of one mailbox's home, in which the Maildir stands beside other files.
pub(crate) fn add_home(
    archive: &mut ArchiveWriter<'_>,
    source: &MailboxSource,
    beside: &[MemoryFile],
) -> io::Result<()> {
    match source {
        MailboxSource::Tree(path) => {
            let name: &[u8] = if is_maildir(path) { b"Maildir" } else { b"" };
            add_tree(archive, &POPUSER, &mut Links::new(), path, name)?;
        }
        MailboxSource::Files(files) => {
            let files: Vec<_> = files.iter().chain(beside).collect();
            return add_memory(archive, &POPUSER, &files, b"");
        }
        MailboxSource::Raw(files) => add_raw(archive, files)?,
        MailboxSource::Synthetic { messages, message_bytes, seed, server } => {
            Synthetic::new(*messages, *message_bytes, *seed, *server).add(archive, b"Maildir")?;
        }
    }
    add_memory(archive, &POPUSER, &beside.iter().collect::<Vec<_>>(), b"")
}

fn add_raw(archive: &mut ArchiveWriter<'_>, files: &[MemoryFile]) -> io::Result<()> {
    files.iter().try_for_each(|file| add_one(archive, &POPUSER, file, &file.path))
}

/// Told by its directories: a mailbox's own directory holds `Maildir` instead.
fn is_maildir(path: &std::path::Path) -> bool {
    !path.join("Maildir").exists() && (path.join("cur").is_dir() || path.join("new").is_dir())
}

fn modified(path: &std::path::Path) -> io::Result<i64> {
    use std::os::unix::fs::MetadataExt;
    let at =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    Ok(std::fs::metadata(path).map_err(at)?.mtime())
}
