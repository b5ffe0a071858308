//! Content archives: tar, plain or compressed, streamed once.

mod damage;
mod decoder;
mod detect;
mod gzip;
mod input;
mod loose;
pub(crate) mod of_tree;
mod single_file;
mod stream;
mod walk;
mod zstandard;

pub use damage::{ArchiveDamage, ArchiveError, ArchiveFormat, DamageKind};
pub(crate) use detect::{Volumes, chain, open};
pub(crate) use loose::LooseFile;
pub use single_file::SingleFileError;
pub(crate) use single_file::read_single_file;
pub use walk::{ContentArchive, Member, MemberKind, WalkEnd, WalkError};

#[cfg(test)]
mod tests;
