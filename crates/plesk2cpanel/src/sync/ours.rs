//! A mailbox of the home, as the merge sees it.

use std::collections::{BTreeMap, HashMap, HashSet};

use mail_model::dovecot::{Keywords, UidList, UidListProblem, UidRecord};
use mail_model::folder::FolderName;
use mail_model::identity::RawFolder;
use mail_model::identity::merge::{Side, SideMessage};
use mail_model::maildir::{FileName, is_served};
use plesk_backup::printable;

use super::names::Key;
use super::plan::{OurFolder, Refusal, name_of_dir};
use super::sides::{guid, names};
use crate::home::{Format, HomeMailbox};

/// A mailbox of the home.
pub(super) struct Ours {
    pub(super) mailbox: HomeMailbox,
    /// By directory.
    pub(super) folders: BTreeMap<Key, OurFolder>,
    at: BTreeMap<Key, At>,
}

/// Where a folder's messages lie.
pub(super) struct At {
    /// Index among the folders of the mailbox.
    folder: usize,
    pub(super) list: UidList,
    /// For each message of the side, the index of its file.
    pub(super) files: Vec<usize>,
}

impl Ours {
    /// Reads what a home has.
    ///
    /// # Errors
    /// When it is no maildir, or its lists can't be gone by.
    pub(super) fn new(mailbox: HomeMailbox) -> Result<Ours, Refusal> {
        if mailbox.format != Format::Maildir {
            return Err(Refusal::new(
                "it is kept as mdbox or sdbox, and not as a maildir",
                "merge it with the script: sync with --output DIR instead of --merge-into",
            ));
        }
        let mut ours = Ours { folders: BTreeMap::new(), at: BTreeMap::new(), mailbox };
        for (index, folder) in ours.mailbox.folders.iter().enumerate() {
            let dir = &folder.raw.dir;
            let name = name_of_dir(dir);
            // Mail of it would be put elsewhere.
            if name.to_dir() != *dir {
                return Err(Refusal::new(
                    format!("folder {name} lies in `{}`, which is no name for it", printable(dir)),
                    "rename that directory on the new server, then try again",
                ));
            }
            let Some((of_folder, list, files)) = read(&folder.raw, &name)? else { continue };
            ours.folders.insert(dir.clone(), of_folder);
            ours.at.insert(dir.clone(), At { folder: index, list, files });
        }
        Ok(ours)
    }

    /// Where a folder's messages lie, and its files.
    pub(super) fn raw(&self, name: &[u8]) -> Option<(&At, &RawFolder)> {
        let at = self.at.get(name)?;
        Some((at, &self.mailbox.folders[at.folder].raw))
    }
}

/// A folder of a home. None when it holds nothing that a list could name.
fn read(
    raw: &RawFolder,
    name: &FolderName,
) -> Result<Option<(OurFolder, UidList, Vec<usize>)>, Refusal> {
    let remedy = "let Dovecot open the mailbox once, so that it mends its list, then try again";
    let Some(state) = &raw.uidlist else {
        if raw.files.is_empty() || name.is_inbox() {
            return Ok(None);
        }
        let text = format!("folder {name} holds messages and has no dovecot-uidlist");
        return Err(Refusal::new(text, remedy));
    };
    let bad = |text: &str| Refusal::new(format!("the list of folder {name} {text}"), remedy);
    let (list, problems) = UidList::parse(&state.bytes).map_err(|error| bad(&error.to_string()))?;
    let is_broken = |problem: &UidListProblem| {
        matches!(problem, UidListProblem::BrokenAt { .. } | UidListProblem::CutLastLine { .. })
    };
    if problems.iter().any(is_broken) {
        return Err(bad("is broken"));
    }
    let keywords = read_keywords(raw);
    let by_base: HashMap<&[u8], &UidRecord> =
        list.records.iter().map(|record| (record.base.as_slice(), record)).collect();
    let (uidvalidity, next_uid) = (list.uidvalidity, list.next_uid);
    let mut side = Side { uidvalidity, next_uid, ..Side::default() };
    let (mut files, mut guids, mut bases) = (Vec::new(), Vec::new(), HashSet::new());
    // What is in cur/ counts where a message was caught in both.
    let mut order: Vec<usize> = (0..raw.files.len()).collect();
    order.sort_by_key(|at| raw.files[*at].place);
    for at in order {
        let file = &raw.files[at];
        let name = FileName::parse(&file.name);
        if !is_served(&file.name) || !bases.insert(name.base.clone()) {
            continue;
        }
        let record = by_base.get(name.base.as_slice());
        let fields = record.map_or(&[][..], |record| &record.fields);
        let uidl = record.and_then(|record| record.get(b'P'));
        guids.push(guid(fields, &name.base).to_vec());
        side.messages.push(SideMessage {
            guid: name.base.clone(),
            uid: record.map(|record| record.uid),
            uidl: uidl.map(|it| if it.is_empty() { name.base.clone() } else { it.to_vec() }),
            flags: name.flags,
            keywords: names(&keywords, name.keywords),
            ..SideMessage::default()
        });
        files.push(at);
    }
    let opened = raw.index_log_mtime.is_some();
    Ok(Some((OurFolder { side, guids, opened }, list, files)))
}

/// The keywords of a folder.
pub(super) fn read_keywords(raw: &RawFolder) -> Keywords {
    let bytes = raw.dovecot_keywords.as_ref().map_or(&[][..], |state| &state.bytes);
    Keywords::parse(bytes).0
}
