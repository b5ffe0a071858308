//! The members of an archive outside the maildirs.

use crate::{Account, AccountError, DomainName, LocalPart};

/// One member of an archive, complete in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The path below the top directory.
    pub path: Vec<u8>,
    /// The permission bits.
    pub mode: u32,
    /// What it is.
    pub kind: MemberKind,
}

/// What a [`Member`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A directory.
    Directory,
    /// A regular file with this content.
    File(Vec<u8>),
}

/// All members outside `homedir/mail/`, sorted by path, directories before what they hold.
///
/// # Errors
/// [`AccountError`] for the first thing that cPanel's files cannot say.
pub fn account_members(account: &Account) -> Result<Vec<Member>, AccountError> {
    let _ = account;
    Ok(Vec::new())
}

/// Where the maildir of a mailbox lies, relative to the top directory: `homedir/mail/DOMAIN/LOCAL`.
pub fn maildir_path(domain: &DomainName, local: &LocalPart) -> String {
    format!("homedir/mail/{domain}/{local}")
}
