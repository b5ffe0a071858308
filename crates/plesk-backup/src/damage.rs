//! What is wrong with the container of a backup, as values.

use crate::printable;

/// Damage of the container: the outer file, its parts, or the directory.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// The outer tar or zip ends inside a member or a header, or a psadump before its last boundary.
    #[error("the backup ends at byte {length}, but goes on to at least byte {needed}")]
    Truncated {
        /// Bytes that there are.
        length: u64,
        /// Bytes that the last header needs.
        needed: u64,
    },
    /// A member is there in part.
    #[error(
        "`{}` (at byte {offset}) is cut: {available} of {size} bytes are there",
        printable(path)
    )]
    CutEntry {
        /// Path in the tree.
        path: Vec<u8>,
        /// Where its data begin in the outer file.
        offset: u64,
        /// Declared bytes.
        size: u64,
        /// Bytes that are there.
        available: u64,
    },
    /// What should be a header is none; the next one was looked for.
    #[error("no valid header at byte {offset}: {detail}; {skipped} bytes were skipped")]
    BadHeader {
        /// Where.
        offset: u64,
        /// What is wrong.
        detail: String,
        /// Bytes from there to the next valid header, or to the end.
        skipped: u64,
    },
    /// A header whose checksum does not fit, but whose size leads to the next header: used.
    #[error(
        "header of `{}` at byte {offset} has checksum {found}, computed {computed}; it was used all the same",
        printable(path)
    )]
    HeaderChecksum {
        /// Path as the header has it.
        path: Vec<u8>,
        /// Where the header lies.
        offset: u64,
        /// What the header says.
        found: u64,
        /// What it should say.
        computed: u64,
    },
    /// A name that leads out of the tree; the member was left out.
    #[error(
        "member `{}` at byte {offset} was left out: its name leads out of the backup",
        printable(path)
    )]
    UnsafeName {
        /// Name as it stands.
        path: Vec<u8>,
        /// Where its header lies; 0 for directories.
        offset: u64,
    },
    /// The same path twice.
    #[error(
        "`{}` is in the backup twice, with data at byte {dropped} ({dropped_size} bytes) and at byte {kept} ({kept_size} bytes); the latter was taken",
        printable(path)
    )]
    DuplicateEntry {
        /// Path in the tree.
        path: Vec<u8>,
        /// Where the data lie that were not taken.
        dropped: u64,
        /// Their bytes.
        dropped_size: u64,
        /// Where the data lie that were taken.
        kept: u64,
        /// Their bytes.
        kept_size: u64,
    },
    /// A member that is no file: link, device or the like.
    #[error("`{}` was left out: {what}", printable(path))]
    NotAFile {
        /// Path in the tree.
        path: Vec<u8>,
        /// What it is, e.g. `symbolic link to x`.
        what: String,
    },
    /// A file or directory that the system does not let us read.
    #[error("`{}` could not be read: {detail}", printable(path))]
    Unreadable {
        /// Path in the tree.
        path: Vec<u8>,
        /// What the system said.
        detail: String,
    },
    /// A part of a psadump that no boundary ends: there may have been more of it.
    #[error(
        "`{}` (at byte {offset}) is cut: the {available} bytes up to the end of the backup are there, and no boundary ends it",
        printable(path)
    )]
    UnendedEntry {
        /// Path in the tree.
        path: Vec<u8>,
        /// Where its data begin in the outer file.
        offset: u64,
        /// Bytes that are there, decoded.
        available: u64,
    },
    /// A part of a psadump whose transfer encoding is not known or not kept.
    #[error("`{}` (at byte {offset}): {detail}", printable(path))]
    TransferEncoding {
        /// Path in the tree.
        path: Vec<u8>,
        /// Where its data begin in the outer file.
        offset: u64,
        /// What is wrong, and what was done.
        detail: String,
    },
    /// The outer zip contradicts itself, or its list of files is lost.
    #[error("the zip is damaged at byte {offset}: {detail}")]
    Zip {
        /// Where.
        offset: u64,
        /// What is wrong, and what was done.
        detail: String,
    },
    /// Files of the outer zip are not as they should be, all in the same way.
    #[error(
        "`{}` (header at byte {offset}){}: {detail}",
        printable(path),
        if *others == 0 { String::new() } else { format!(" and {others} more files of the zip") }
    )]
    ZipFiles {
        /// Path in the tree of the first of them.
        path: Vec<u8>,
        /// Where its header lies.
        offset: u64,
        /// How many there are besides.
        others: u64,
        /// What is wrong with the first, and what was done.
        detail: String,
    },
    /// The first part of a psadump begins with another boundary than the head names.
    #[error(
        "the head names {}, and the first part (at byte {offset}) begins with `{}`; both were looked for",
        named.as_ref().map_or_else(
            || "no boundary".to_owned(),
            |named| format!("the boundary `{}`", printable(named))
        ),
        printable(found)
    )]
    OtherBoundary {
        /// Where the first part's boundary line begins.
        offset: u64,
        /// What the head names.
        named: Option<Vec<u8>>,
        /// What the first part begins with.
        found: Vec<u8>,
    },
    /// Something follows the end mark of the outer tar or zip, or the last boundary of a psadump.
    #[error("{length} bytes follow the end of the backup at byte {offset}; they were not read")]
    TrailingData {
        /// Where the end mark ends.
        offset: u64,
        /// How many bytes.
        length: u64,
    },
    /// A compressed file ends early, cannot be decoded to its end, or has a checksum that does not
    /// fit; what came out before is used. Offsets in other damage are those in what came out.
    #[error(
        "the compressed backup is damaged at byte {offset} of {length}: {detail}; the {unpacked} bytes that came out of it are used"
    )]
    Compressed {
        /// Where in the compressed file.
        offset: u64,
        /// Bytes of the compressed file.
        length: u64,
        /// What is wrong.
        detail: String,
        /// Bytes that came out.
        unpacked: u64,
    },
    /// A part of a backup that was split, and not the last, is smaller than others.
    #[error("part `{part}` is cut: {length} of {expected} bytes are there")]
    ShortPart {
        /// Its file name.
        part: String,
        /// Bytes that are there.
        length: u64,
        /// Bytes of the largest part.
        expected: u64,
    },
    /// A backup in parts goes on behind the last of them.
    #[error(
        "the backup goes on behind its last part `{last}`: at least one more is missing, or this one is cut"
    )]
    LastPartMissing {
        /// File name of the last part that is there.
        last: String,
    },
    /// Two files that were given together hold different files of one path.
    #[error(
        "`{}` is in `{dropped}` ({dropped_size} bytes) and in `{kept}` ({kept_size} bytes), and not the same; the latter was taken",
        printable(path)
    )]
    InTwoBackups {
        /// Path in the tree.
        path: Vec<u8>,
        /// File name of the backup whose file was taken.
        kept: String,
        /// Bytes that are there.
        kept_size: u64,
        /// File name of the other.
        dropped: String,
        /// Bytes that are there.
        dropped_size: u64,
    },
    /// Damage of one of several files that were opened together.
    #[error("`{file}`: {damage}")]
    OfFile {
        /// Its file name.
        file: String,
        /// What is wrong with it.
        damage: Box<Damage>,
    },
}

impl Damage {
    /// The path in the tree, where there is one.
    pub(crate) fn path_mut(&mut self) -> Option<&mut Vec<u8>> {
        match self {
            Damage::CutEntry { path, .. }
            | Damage::HeaderChecksum { path, .. }
            | Damage::DuplicateEntry { path, .. }
            | Damage::NotAFile { path, .. }
            | Damage::ZipFiles { path, .. }
            | Damage::Unreadable { path, .. }
            | Damage::UnendedEntry { path, .. }
            | Damage::TransferEncoding { path, .. }
            | Damage::InTwoBackups { path, .. } => Some(path),
            Damage::OfFile { damage, .. } => damage.path_mut(),
            Damage::Truncated { .. }
            | Damage::BadHeader { .. }
            | Damage::UnsafeName { .. }
            | Damage::Zip { .. }
            | Damage::OtherBoundary { .. }
            | Damage::TrailingData { .. }
            | Damage::Compressed { .. }
            | Damage::ShortPart { .. }
            | Damage::LastPartMissing { .. } => None,
        }
    }
}
