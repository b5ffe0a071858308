//! Content archives: tar, plain or compressed, streamed once.

mod damage;
mod decoder;
mod detect;
mod gzip;
mod input;
mod stream;
mod walk;
mod zstandard;

pub use damage::{ArchiveDamage, ArchiveError, ArchiveFormat, DamageKind};
pub(crate) use detect::{Volumes, chain, open};
pub use walk::{ContentArchive, Member, MemberKind, WalkEnd, WalkError};

#[cfg(test)]
mod tests;
