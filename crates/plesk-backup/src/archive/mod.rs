//! Content archives: tar, plain or compressed, streamed once; zip; and what is no archive.

mod damage;
mod decoder;
mod detect;
mod gzip;
mod input;
mod loose;
pub(crate) mod of_tree;
mod single_file;
mod spooled;
mod stream;
mod volumes;
mod walk;
mod zip;
mod zstandard;

pub use damage::{ArchiveDamage, ArchiveError, ArchiveFormat, DamageKind};
pub(crate) use decoder::{Compression, DecodeError, Decoder};
pub(crate) use detect::{Volumes, chain, is_damage, open};
pub(crate) use input::Input;
pub(crate) use loose::LooseFile;
pub use single_file::SingleFileError;
pub(crate) use single_file::read_single_file;
pub use volumes::VolumeOffset;
pub(crate) use volumes::{Gap, VolumeMap};
pub use walk::{ContentArchive, Member, MemberKind, WalkEnd, WalkError};

#[cfg(test)]
mod tests;
