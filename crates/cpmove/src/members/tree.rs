//! Members in the order of their paths.

use std::collections::BTreeMap;

use super::{Member, MemberKind};

/// Sorted by the bytes of the path: fixed, and a directory comes before what it holds.
#[derive(Default)]
pub(super) struct Tree {
    members: BTreeMap<String, (u32, MemberKind)>,
}

impl Tree {
    /// Adds a directory; one that is there already keeps its mode.
    pub(super) fn directory(&mut self, path: &str, mode: u32) {
        self.members.entry(path.to_owned()).or_insert((mode, MemberKind::Directory));
    }

    /// Adds a file of the mode that cPanel's packer gives, 0600.
    pub(super) fn file(&mut self, path: &str, content: impl Into<String>) {
        self.file_with_mode(path, 0o600, content);
    }

    pub(super) fn file_with_mode(&mut self, path: &str, mode: u32, content: impl Into<String>) {
        let content = MemberKind::File(content.into().into_bytes());
        self.members.insert(path.to_owned(), (mode, content));
    }

    pub(super) fn into_members(self) -> Vec<Member> {
        self.members
            .into_iter()
            .map(|(path, (mode, kind))| Member { path: path.into_bytes(), mode, kind })
            .collect()
    }
}
