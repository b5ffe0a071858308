//! Writing an archive, reading it back, and giving it its name.

mod directory;
mod error;
mod finished;
mod member_path;
mod read_back;
mod tar_stream;
mod writer;

pub use error::{ReadBackError, WriteError};
pub use finished::FinishedArchive;
pub use member_path::MemberPathError;
pub(crate) use member_path::check as check_member_path;
pub use read_back::{ReadKind, ReadMember};
pub use writer::ArchiveWriter;

/// The form of an archive. cPanel takes all three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `cpmove-USER.tar.gz`, one gzip member.
    TarGz,
    /// `cpmove-USER.tar`, not compressed.
    Tar,
    /// The directory `cpmove-USER`.
    Directory,
}
