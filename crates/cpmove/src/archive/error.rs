//! What can go wrong with an archive.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::MemberPathError;

/// Why an archive was not written.
///
/// Members are named as they stand below the top directory, with bytes that are not printable
/// ASCII escaped.
#[derive(Debug, Error)]
pub enum WriteError {
    /// There is something of the archive's name already, and it was not to be replaced.
    #[error("{} exists already", .target.display())]
    TargetExists {
        /// The archive's name.
        target: PathBuf,
    },
    /// The system refused something that concerns the archive as a whole.
    #[error("could not {action} {}", .path.display())]
    Archive {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A member's path is not one that the writer takes.
    #[error("member {path} cannot be written: {reason}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: MemberPathError,
    },
    /// A member of this path was written before.
    #[error("member {path} was written before")]
    Duplicate {
        /// The path.
        path: String,
    },
    /// The directory that holds a member was not written before it.
    #[error("the directory of member {path} was not written before it")]
    NoParent {
        /// The member's path.
        path: String,
    },
    /// A hard link leads to something that is no file written before.
    #[error("hard link {path} leads to {target}, which is no file written before it")]
    LinkTarget {
        /// The link's path.
        path: String,
        /// Where it leads.
        target: String,
    },
    /// A member's content ended early.
    #[error("member {path} was announced with {announced} bytes and ended after {given}")]
    TooShort {
        /// The member's path.
        path: String,
        /// The announced size.
        announced: u64,
        /// How many bytes came.
        given: u64,
    },
    /// A member's content went on behind its announced size.
    #[error("member {path} was announced with {announced} bytes and has more")]
    TooLong {
        /// The member's path.
        path: String,
        /// The announced size.
        announced: u64,
    },
    /// A member's content could not be read.
    #[error("could not read the content of member {path} after {given} of {announced} bytes")]
    Content {
        /// The member's path.
        path: String,
        /// The announced size.
        announced: u64,
        /// How many bytes came.
        given: u64,
        /// What the reader said.
        source: io::Error,
    },
    /// A member could not be written.
    #[error("could not write member {path}")]
    Member {
        /// The member's path.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// An earlier error left the archive incomplete; nothing can be added and it cannot be
    /// finished.
    #[error("the archive is incomplete since an earlier error")]
    Poisoned,
}

impl WriteError {
    /// What to do about it, where something can be done.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            WriteError::TargetExists { .. } => {
                "replace it on purpose, or write to another directory"
            }
            WriteError::Archive { .. } | WriteError::Member { .. } => {
                "make room on the disk, or write to another one; nothing half-written is left behind"
            }
            WriteError::Content { .. }
            | WriteError::TooShort { .. }
            | WriteError::TooLong { .. } => "see that nothing changes the source while it is read",
            WriteError::Path { .. }
            | WriteError::Duplicate { .. }
            | WriteError::NoParent { .. }
            | WriteError::LinkTarget { .. }
            | WriteError::Poisoned => return None,
        };
        Some(hint.to_owned())
    }
}

/// Why an archive was not read back.
#[derive(Debug, Error)]
pub enum ReadBackError {
    /// The archive, or a member of it, could not be read: a system's error, or damage.
    #[error("could not read {} back", .path.display())]
    Read {
        /// The archive, under the name that it has at this time.
        path: PathBuf,
        /// What was wrong.
        source: io::Error,
    },
    /// What was read is not what was written.
    #[error("member {member} came back otherwise than it was written: {difference}")]
    Changed {
        /// The member's path.
        member: String,
        /// What is different.
        difference: String,
    },
    /// A different number of members came back.
    #[error("{read} members came back of {written} that were written")]
    Count {
        /// How many were read.
        read: u64,
        /// How many were written.
        written: u64,
    },
    /// Something follows where the archive should end.
    #[error("{bytes} bytes or more follow the end of {}", .path.display())]
    Trailing {
        /// The archive, under the name that it has at this time.
        path: PathBuf,
        /// How many were seen.
        bytes: u64,
    },
    /// The visitor returned an error for a member.
    #[error("could not check member {member}")]
    Visit {
        /// The member's path.
        member: String,
        /// What it returned.
        source: io::Error,
    },
}

/// A member's path, as messages show it.
pub(super) fn shown(path: &[u8]) -> String {
    path.escape_ascii().to_string()
}
