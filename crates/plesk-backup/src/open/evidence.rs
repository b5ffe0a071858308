//! Whether a file begins a backup, from its first bytes.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::container::{Container, Outer, is_plesk_file, tell};
use crate::looks_like::{HEAD, LooksLike};
use crate::spool::{Peek, peek};
use crate::tar_format::{Assembler, BLOCK, Block, Parsed};
use crate::tree::bytes::Bytes;
use crate::tree::{psadump_index, zip_index};

/// Bytes of a tar that are looked at for names. The first member's name stands at the beginning,
/// whatever its size.
const LOOK_AT: usize = 1024 * 1024;
/// So many files without one of Plesk's are enough to say that it is something else: in a tree of
/// Plesk's every file has such a name.
const ENOUGH: usize = 64;

/// What is known of a file before all of it is read.
pub(super) struct Sniffed {
    pub(super) outer: Outer,
    pub(super) names: Names,
    /// What the first bytes unpack to, for a compressed file.
    pub(super) peek: Option<Peek>,
    /// The head of a psadump names the version of Plesk.
    names_plesk: bool,
}

/// Names of files in the first bytes of a container.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub(super) files: Vec<Vec<u8>>,
    /// There are no others: of a zip, its list was read.
    pub(super) all: bool,
}

impl Names {
    /// True when one is Plesk's.
    pub(super) fn are_plesk(&self) -> bool {
        self.files.iter().any(|name| {
            is_plesk_file(name)
                || name.split(|byte| *byte == b'/').any(|part| part == b".discovered")
        })
    }

    /// True when none is Plesk's, and that is enough to know that none will be.
    pub(super) fn are_foreign(&self) -> bool {
        let is_enough = || self.files.len() >= ENOUGH || self.all || self.look_like().is_some();
        !self.are_plesk() && is_enough()
    }

    /// What they are of.
    pub(super) fn look_like(&self) -> Option<LooksLike> {
        LooksLike::of_names(self.files.iter().map(Vec::as_slice))
    }
}

impl Sniffed {
    /// Looks at the file, without reading more than its beginning.
    pub(super) fn of_file(path: &Path) -> io::Result<Sniffed> {
        Sniffed::of_bytes(&Arc::new(Bytes::one(File::open(path)?)?))
    }

    /// Looks at bytes, without reading more than their beginning.
    pub(super) fn of_bytes(bytes: &Arc<Bytes>) -> io::Result<Sniffed> {
        let head = read_head(bytes, HEAD)?;
        let outer = tell(&head);
        Ok(match outer {
            Outer::Other(_) => {
                Sniffed { outer, names: Names::default(), peek: None, names_plesk: false }
            }
            Outer::Container(container) => {
                let names = match container {
                    Container::Tar => {
                        names_in_tar(&read_head(bytes, LOOK_AT)?, bytes.len() <= LOOK_AT as u64)
                    }
                    Container::Zip => {
                        let (files, all) = zip_index::names(bytes, LOOK_AT as u64)?;
                        Names { files, all }
                    }
                    // Its parts have names of their own; the head tells.
                    Container::Directory | Container::Psadump => Names::default(),
                };
                let names_plesk =
                    container == Container::Psadump && psadump_index::is_surely(&head);
                Sniffed { outer, names, peek: None, names_plesk }
            }
            Outer::Compressed(compression) => {
                let peek = peek(bytes, compression, LOOK_AT)?;
                let names = match tell(&peek.head) {
                    Outer::Container(Container::Tar) => names_in_tar(&peek.head, peek.is_whole),
                    _ => Names::default(),
                };
                let names_plesk = tell(&peek.head) == Outer::Container(Container::Psadump)
                    && psadump_index::is_surely(&peek.head);
                Sniffed { outer, names, peek: Some(peek), names_plesk }
            }
        })
    }

    /// True for what a backup may be in, as far as its beginning tells.
    pub(super) fn may_be_backup(&self) -> bool {
        let is_container = match &self.peek {
            None => !matches!(self.outer, Outer::Other(_)),
            // A block of zstd may go on in the next part.
            Some(peek) if peek.head.len() < BLOCK => peek.error.is_some(),
            Some(peek) => matches!(tell(&peek.head), Outer::Container(_)),
        };
        is_container && !self.names.are_foreign()
    }

    /// True when what a backup of Plesk's begins with was seen.
    pub(super) fn begins_backup(&self) -> bool {
        self.names.are_plesk() || self.names_plesk
    }
}

pub(super) fn read_head(bytes: &Bytes, limit: usize) -> io::Result<Vec<u8>> {
    let length = usize::try_from(bytes.len()).unwrap_or(usize::MAX).min(limit);
    let mut head = vec![0; length];
    let filled = bytes.read_full_at(&mut head, 0)?;
    head.truncate(filled);
    Ok(head)
}

/// Names of the files whose headers stand in `head`. Damage ends it: who reads on will tell.
fn names_in_tar(head: &[u8], is_whole: bool) -> Names {
    let mut names = Names::default();
    let mut assembler = Assembler::default();
    let mut position = 0;
    loop {
        let block = head.get(position..).and_then(|rest| rest.first_chunk::<BLOCK>());
        let Some(block): Option<&Block> = block else {
            names.all = is_whole && position >= head.len();
            return names;
        };
        position += BLOCK;
        let size = match assembler.block(block) {
            Parsed::End => {
                names.all = true;
                return names;
            }
            Parsed::Bad(_) => return names,
            Parsed::Extension(kind, size) => {
                let body =
                    usize::try_from(size).ok().and_then(|size| head.get(position..)?.get(..size));
                if body.is_none_or(|body| assembler.extension(kind, body).is_err()) {
                    return names;
                }
                size
            }
            Parsed::Member(header) => {
                if header.sparse_continues {
                    return names;
                }
                let size = header.size;
                if !header.is_directory() {
                    names.files.push(header.path);
                }
                size
            }
        };
        let padded = size.checked_next_multiple_of(BLOCK as u64);
        let next = padded
            .and_then(|padded| usize::try_from(padded).ok())
            .and_then(|padded| position.checked_add(padded));
        let Some(next) = next else { return names };
        position = next;
    }
}
