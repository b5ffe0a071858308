//! Content archives: tar, plain or compressed, streamed once.

mod damage;
mod walk;

pub use damage::{ArchiveDamage, ArchiveError, ArchiveFormat, DamageKind};
pub use walk::{ContentArchive, Member, MemberKind, WalkEnd, WalkError};
