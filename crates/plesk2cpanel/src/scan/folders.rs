//! Directories and files of other stores as folders of a maildir.

use mail_model::folder::{FolderName, mutf7};
use mail_model::identity::StateFile;

use super::ScannedMailbox;

/// Longest name of a directory that is made here; file systems end at 255 bytes.
const LONGEST: usize = 200;
/// Letters that are left of a name which is too long.
const SHORT: usize = 40;

impl ScannedMailbox {
    /// The directory below the maildir for a folder of these levels, each in bytes as they lie in
    /// the archive. Names outside ASCII are taken for UTF-8, and what is valid modified UTF-7 for
    /// that: it is how IMAP servers name folders on disk.
    ///
    /// INBOX is the maildir itself. A folder of INBOX is put below a level of that name for now,
    /// since its name alone may be another folder's.
    pub(super) fn folder_dir(&mut self, levels: &[&[u8]]) -> Vec<u8> {
        let path = levels.join(&b'/');
        if let Some(dir) = self.no_maildir.folders.get(&path) {
            return dir.clone();
        }
        let mut names: Vec<String> = levels.iter().map(|level| text(level)).collect();
        if let Some(first) = names.first_mut()
            && first.eq_ignore_ascii_case("inbox")
        {
            "INBOX".clone_into(first);
        }
        let is_inbox = names.iter().eq(["INBOX"]) || names.is_empty();
        let dir = if is_inbox { Vec::new() } else { self.new_dir(&path, &names) };
        self.no_maildir.folders.insert(path, dir.clone());
        dir
    }

    fn new_dir(&mut self, path: &[u8], names: &[String]) -> Vec<u8> {
        let beginning: String = names.join("_").chars().take(SHORT).collect();
        let mut name = FolderName::from_levels(names.to_vec());
        let mut number = 1;
        while name.to_dir().len() > LONGEST || self.by_dir.contains_key(&name.to_dir()) {
            number += 1;
            name = FolderName::from_levels(vec![format!("{beginning}_{number}")]);
        }
        if std::str::from_utf8(path).is_err() || name.levels() != names {
            self.no_maildir.renamed.push((path.to_vec(), name.to_string()));
        }
        // Taken from now on.
        self.folder(&name.to_dir());
        name.to_dir()
    }

    /// When all names are known.
    pub(super) fn finish_folders(&mut self) {
        if self.no_maildir.mail_enable > 0 {
            self.lift_folders_of_inbox();
        }
        self.subscribe();
    }

    /// Subscribes to every folder, where nothing says which ones were: most programs show only those
    /// that are, and mail would seem to be gone.
    pub(super) fn subscribe(&mut self) {
        if self.no_maildir.mail_enable == 0 && self.no_maildir.mboxes.is_empty() {
            return;
        }
        let folders = self.raw.folders.iter().filter_map(|folder| folder.dir.strip_prefix(b"."));
        let mut names: Vec<&[u8]> = folders.collect();
        if names.is_empty() || self.raw.dovecot_subscriptions.is_some() {
            return;
        }
        names.sort_unstable();
        let bytes = names.iter().flat_map(|name| [name, b"\n".as_slice()].concat()).collect();
        self.raw.dovecot_subscriptions = Some(StateFile { bytes, mtime: 0 });
        self.no_maildir.subscribed = true;
    }

    /// Folders of INBOX become folders beside it, where nothing is called so already: cPanel's IMAP
    /// shows every folder below INBOX, so that clients find them where they were.
    fn lift_folders_of_inbox(&mut self) {
        for index in 0..self.raw.folders.len() {
            let Some(rest) = self.raw.folders[index].dir.strip_prefix(b".INBOX") else { continue };
            let lifted = rest.to_vec();
            if !lifted.starts_with(b".") || self.by_dir.contains_key(&lifted) {
                continue;
            }
            let dir = std::mem::replace(&mut self.raw.folders[index].dir, lifted.clone());
            self.by_dir.remove(&dir);
            self.by_dir.insert(lifted, index);
        }
    }
}

fn text(level: &[u8]) -> String {
    let encoded = level.is_ascii() && level.contains(&b'&');
    let decoded = encoded.then(|| mutf7::decode(level).ok()).flatten();
    decoded.unwrap_or_else(|| String::from_utf8_lossy(level).into_owned())
}
