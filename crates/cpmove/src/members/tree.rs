//! Members in the order of their paths.

use std::collections::BTreeMap;

use super::{Member, MemberKind};
use crate::AccountError;

/// Sorted by the bytes of the path: fixed, and a directory comes before what it holds.
#[derive(Default)]
pub(super) struct Tree {
    members: BTreeMap<String, (u32, MemberKind)>,
    /// A path that two things want, such as a domain that is called like a file of cPanel's.
    clash: Option<String>,
}

impl Tree {
    /// Adds a directory; one that is there already keeps its mode.
    pub(super) fn directory(&mut self, path: &str, mode: u32) {
        let (_, kind) =
            self.members.entry(path.to_owned()).or_insert((mode, MemberKind::Directory));
        if *kind != MemberKind::Directory {
            self.clash.get_or_insert_with(|| path.to_owned());
        }
    }

    /// Adds a file of the mode that cPanel's packer gives, 0600.
    pub(super) fn file(&mut self, path: &str, content: impl Into<String>) {
        self.file_with_mode(path, 0o600, content);
    }

    pub(super) fn file_with_mode(&mut self, path: &str, mode: u32, content: impl Into<String>) {
        let content = MemberKind::File(content.into().into_bytes());
        if self.members.insert(path.to_owned(), (mode, content)).is_some() {
            self.clash.get_or_insert_with(|| path.to_owned());
        }
    }

    /// All of them, if no two want one path.
    pub(super) fn into_members(self) -> Result<Vec<Member>, AccountError> {
        if let Some(path) = self.clash {
            return Err(AccountError::Clash { path });
        }
        let members = self.members.into_iter();
        Ok(members
            .map(|(path, (mode, kind))| Member { path: path.into_bytes(), mode, kind })
            .collect())
    }
}
