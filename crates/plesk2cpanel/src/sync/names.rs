//! Which folders of the sides are the same.

use std::collections::BTreeMap;

use mail_model::folder::FolderName;
use mail_model::identity::merge::Before;

use super::plan::{Refusal, name_of_dir};

/// What tells folders of a mailbox apart: the directory, empty for INBOX. The name that people see does
/// not: a folder `.INBOX` is shown as INBOX, too.
pub(super) type Key = Vec<u8>;

/// Folders of one side by what tells them apart.
///
/// # Errors
/// When two can't be told apart: mail of the one would go to the other.
pub(super) fn by_key<'a, T>(
    folders: impl IntoIterator<Item = (&'a FolderName, T)>,
) -> Result<BTreeMap<Key, T>, Refusal> {
    let mut found = BTreeMap::new();
    for (name, folder) in folders {
        if found.insert(name.to_dir(), folder).is_some() {
            return Err(twice(&name.to_string()));
        }
    }
    Ok(found)
}

fn twice(name: &str) -> Refusal {
    Refusal::new(
        format!("two folders are called {name}"),
        "rename one of them on the server that has both; with --since a report, give the backup instead",
    )
}

/// The folders of the first conversion.
pub(super) enum KnownFolders {
    /// From the backup.
    Named(BTreeMap<Key, Before>),
    /// From a report, which has the names that people see.
    Shown(Vec<(String, Before)>),
}

impl KnownFolders {
    pub(super) fn is_empty(&self) -> bool {
        match self {
            KnownFolders::Named(folders) => folders.is_empty(),
            KnownFolders::Shown(folders) => folders.is_empty(),
        }
    }

    pub(super) fn has_inbox(&self) -> bool {
        match self {
            KnownFolders::Named(folders) => folders.contains_key(&Key::default()),
            KnownFolders::Shown(folders) => folders.iter().any(|(name, _)| name == super::INBOX),
        }
    }

    /// The folders by directory. What a report calls a folder is looked for among those that are
    /// there.
    ///
    /// # Errors
    /// When a name of the report fits two folders.
    pub(super) fn by_key<'a, T>(
        &self,
        theirs: &'a BTreeMap<Key, T>,
        ours: impl Iterator<Item = &'a Key>,
    ) -> Result<BTreeMap<Key, Before>, Refusal> {
        let shown = match self {
            KnownFolders::Named(folders) => return Ok(folders.clone()),
            KnownFolders::Shown(folders) => folders,
        };
        let mut there: BTreeMap<String, Key> = BTreeMap::new();
        let mut fits_two: Vec<String> = Vec::new();
        for dir in theirs.keys().chain(ours) {
            let name = name_of_dir(dir).to_string();
            if there.get(&name).is_some_and(|known| known != dir) {
                fits_two.push(name.clone());
            }
            there.insert(name, dir.clone());
        }
        let mut found = BTreeMap::new();
        for (name, before) in shown {
            let dir = there.get(name).cloned().unwrap_or_else(|| named(name).to_dir());
            if fits_two.contains(name) || found.insert(dir, before.clone()).is_some() {
                return Err(twice(name));
            }
        }
        Ok(found)
    }
}

/// A folder that only a report names.
pub(super) fn named(name: &str) -> FolderName {
    if name == super::INBOX {
        return FolderName::inbox();
    }
    FolderName::from_levels(name.split('/').map(str::to_owned).collect())
}
