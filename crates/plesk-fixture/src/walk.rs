//! Trees on disk and in memory, as members of an archive: directories first, then what lies in
//! them, sorted by the bytes of the names.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::archive::ArchiveWriter;
use crate::spec::{MemoryFile, MemoryKind};
use crate::tar_format::{Kind, Member, Owner};

/// First member of each file with more than one link: (device, inode) to the name in the archive.
pub(crate) type Links = HashMap<(u64, u64), Vec<u8>>;

/// Adds the directory `path` as `name` with everything in it.
pub(crate) fn add_tree(
    archive: &mut ArchiveWriter<'_>,
    owner: &Owner,
    links: &mut Links,
    path: &Path,
    name: &[u8],
) -> io::Result<()> {
    let at =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    if !name.is_empty() {
        let mtime = fs::metadata(path).map_err(at)?.mtime();
        archive.bare(&Member { path: name, mtime, kind: Kind::Directory, owner })?;
    }
    let mut entries =
        fs::read_dir(path).map_err(at)?.collect::<io::Result<Vec<_>>>().map_err(at)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = join(name, entry.file_name().as_bytes());
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            add_tree(archive, owner, links, &path, &name)?;
        } else {
            add_file(archive, owner, links, &path, &name).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            })?;
        }
    }
    Ok(())
}

fn add_file(
    archive: &mut ArchiveWriter<'_>,
    owner: &Owner,
    links: &mut Links,
    path: &Path,
    name: &[u8],
) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    let mtime = metadata.mtime();
    if metadata.is_symlink() {
        let target = fs::read_link(path)?;
        let kind = Kind::SymbolicLink(target.as_os_str().as_bytes());
        return archive.bare(&Member { path: name, mtime, kind, owner });
    }
    if !metadata.is_file() {
        return Err(io::Error::other("neither file, directory nor symbolic link"));
    }
    let nanoseconds = i128::from(mtime) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    if !archive.wants(name, metadata.len(), nanoseconds) {
        return Ok(());
    }
    if metadata.nlink() > 1 && archive.knows_hard_links() {
        match links.entry((metadata.dev(), metadata.ino())) {
            Entry::Occupied(first) => {
                let kind = Kind::HardLink(first.get());
                return archive.bare(&Member { path: name, mtime, kind, owner });
            }
            Entry::Vacant(unknown) => unknown.insert(name.to_vec()),
        };
    }
    let size = metadata.len();
    let mut file = File::open(path)?.take(size);
    let member = Member { path: name, mtime, kind: Kind::File { size }, owner };
    archive.file(&member, size, |out| io::copy(&mut file, out).map(drop))
}

/// Adds files from memory below `name`, with the directories that lead to them.
pub(crate) fn add_memory(
    archive: &mut ArchiveWriter<'_>,
    owner: &Owner,
    files: &[&MemoryFile],
    name: &[u8],
) -> io::Result<()> {
    let newest = files.iter().map(|file| file.mtime).max().unwrap_or_default();
    let mut root = Node { file: None, children: BTreeMap::new() };
    for file in files {
        let mut node = &mut root;
        for part in file.path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
            node = node
                .children
                .entry(part)
                .or_insert_with(|| Node { file: None, children: BTreeMap::new() });
        }
        if node.file.is_some() {
            return Err(io::Error::other(format!(
                "{} is given twice",
                String::from_utf8_lossy(&file.path)
            )));
        }
        node.file = Some(file);
    }
    add_node(archive, owner, &root, name, newest)
}

struct Node<'a> {
    file: Option<&'a MemoryFile>,
    children: BTreeMap<&'a [u8], Node<'a>>,
}

fn add_node(
    archive: &mut ArchiveWriter<'_>,
    owner: &Owner,
    node: &Node<'_>,
    name: &[u8],
    directory_mtime: i64,
) -> io::Result<()> {
    match node.file {
        Some(file) => add_one(archive, owner, file, name)?,
        None if name.is_empty() => {}
        None => {
            let kind = Kind::Directory;
            archive.bare(&Member { path: name, mtime: directory_mtime, kind, owner })?;
        }
    }
    for (part, child) in &node.children {
        add_node(archive, owner, child, &join(name, part), directory_mtime)?;
    }
    Ok(())
}

/// Adds one file from memory under the name given.
pub(crate) fn add_one(
    archive: &mut ArchiveWriter<'_>,
    owner: &Owner,
    file: &MemoryFile,
    name: &[u8],
) -> io::Result<()> {
    let member = |kind| Member { path: name, mtime: file.mtime, kind, owner };
    match &file.kind {
        MemoryKind::File(content) => {
            let size = content.len() as u64;
            archive.file(&member(Kind::File { size }), size, |out| out.write_all(content))
        }
        MemoryKind::Directory => archive.bare(&member(Kind::Directory)),
        MemoryKind::HardLink(target) => archive.bare(&member(Kind::HardLink(target))),
        MemoryKind::SymbolicLink(target) => archive.bare(&member(Kind::SymbolicLink(target))),
        MemoryKind::Other(typeflag) => archive.bare(&member(Kind::Other(*typeflag))),
    }
}

/// `directory/part`, or `part` alone at the root.
pub(crate) fn join(directory: &[u8], part: &[u8]) -> Vec<u8> {
    if directory.is_empty() {
        return part.to_vec();
    }
    [directory, b"/", part].concat()
}
