//! The files of state of a mailbox, read.

use super::{Finding, NextUidReason, RawFolder, RawMailbox, StateFileKind};
use crate::courier::{BadLine, ImapUidDb, Pop3SizeList};
use crate::dovecot::{Keywords, KeywordsProblem, UidList, UidListProblem};
use crate::folder::FolderName;
use std::collections::{HashMap, HashSet};

/// The last line of a uidlist, cut.
pub(super) struct CutLine {
    uid: Option<u32>,
    fields: Vec<(u8, Vec<u8>)>,
    name: Vec<u8>,
}

/// What a folder's files say.
#[derive(Default)]
pub(super) struct FolderState {
    pub(super) uidlist: Option<UidList>,
    pub(super) cut_line: Option<CutLine>,
    /// The UID that was given to a file because of the cut line.
    pub(super) repaired_uid: Option<u32>,
    pub(super) uiddb: Option<CourierUids>,
    pub(super) keywords: Keywords,
}

/// `courierimapuiddb` without contradictions.
pub(super) struct CourierUids {
    pub(super) uidvalidity: u32,
    pub(super) next_uid: u32,
    pub(super) by_name: HashMap<Vec<u8>, u32>,
}

impl FolderState {
    pub(super) fn read(raw: &RawFolder, name: &FolderName, findings: &mut Vec<Finding>) -> Self {
        let mut state = FolderState::default();
        if let Some(file) = &raw.uidlist {
            match UidList::parse(&file.bytes) {
                Ok((list, problems)) => {
                    state.uidlist = Some(list);
                    for problem in problems {
                        state.uidlist_problem(problem, name, findings);
                    }
                }
                Err(error) => findings.push(Finding::StateFileUnusable {
                    folder: name.clone(),
                    file: StateFileKind::UidList,
                    reason: error.to_string(),
                }),
            }
        }
        if let Some(list) = &raw.mbox_uids {
            state.uidlist = Some(list.clone());
        }
        if let Some(file) = &raw.uiddb {
            match ImapUidDb::parse(&file.bytes) {
                Ok((db, bad)) => {
                    findings.extend(bad_lines(bad, name, StateFileKind::UidDb));
                    state.uiddb = Some(CourierUids::new(db, name, findings));
                }
                Err(error) => findings.push(Finding::StateFileUnusable {
                    folder: name.clone(),
                    file: StateFileKind::UidDb,
                    reason: error.to_string(),
                }),
            }
        }
        if let Some(file) = &raw.dovecot_keywords {
            let (keywords, problems) = Keywords::parse(&file.bytes);
            state.keywords = keywords;
            findings.extend(problems.into_iter().map(|problem| keyword_problem(problem, name)));
        }
        state
    }

    fn uidlist_problem(
        &mut self,
        problem: UidListProblem,
        name: &FolderName,
        findings: &mut Vec<Finding>,
    ) {
        let folder = name.clone();
        findings.push(match problem {
            UidListProblem::BrokenAt { line, reason, dropped_lines } => {
                Finding::UidListBroken { folder, line, reason, lost: dropped_lines }
            }
            UidListProblem::CutLastLine { uid, fields, name } => {
                self.cut_line = Some(CutLine { uid, fields, name });
                return;
            }
            UidListProblem::DuplicateName { name, dropped_uid, kept_uid } => {
                Finding::UidListDuplicateName { folder, name, dropped_uid, kept_uid }
            }
            UidListProblem::NextUidRaised { from, to } => {
                Finding::NextUidRaised { folder, from, to, why: NextUidReason::BelowHighestUid }
            }
            UidListProblem::FieldRemoved { line, key, value } => {
                Finding::UidListFieldRemoved { folder, line, key, value }
            }
            UidListProblem::NamelessRecord { line, uid } => Finding::StateFileBadLine {
                folder,
                file: StateFileKind::UidList,
                line,
                text: uid.to_string().into_bytes(),
            },
            // The old server did not mind either, and nothing is dropped.
            UidListProblem::CarriageReturns { .. } => return,
            UidListProblem::NulBytes { .. } => Finding::StateFileBadLine {
                folder,
                file: StateFileKind::UidList,
                line: 0,
                text: vec![0],
            },
        });
    }

    /// Gives the UID of a line that was cut to the one file that can be meant, if there is just
    /// one: a file that is not listed and whose base name begins with what there is of the name.
    pub(super) fn repair_cut_line(
        &mut self,
        bases: &HashSet<&[u8]>,
        name: &FolderName,
        findings: &mut Vec<Finding>,
    ) {
        let (Some(cut), Some(list)) = (self.cut_line.take(), self.uidlist.as_mut()) else { return };
        let listed: HashSet<&[u8]> = list.records.iter().map(|r| r.base.as_slice()).collect();
        let mut candidates =
            bases.iter().filter(|base| base.starts_with(&cut.name) && !listed.contains(**base));
        let only = match (candidates.next(), candidates.next()) {
            (Some(base), None) if !cut.name.is_empty() => Some(base.to_vec()),
            _ => None,
        };
        let repaired = match (only, cut.uid) {
            (Some(base), Some(uid)) => {
                list.records.push(crate::dovecot::UidRecord { uid, fields: cut.fields, base });
                list.next_uid = list.next_uid.max(uid + 1);
                self.repaired_uid = Some(uid);
                true
            }
            _ => false,
        };
        findings.push(Finding::UidListCutLine {
            folder: name.clone(),
            name: cut.name,
            uid: cut.uid,
            repaired,
        });
    }
}

impl CourierUids {
    fn new(db: ImapUidDb, name: &FolderName, findings: &mut Vec<Finding>) -> CourierUids {
        let mut seen: HashMap<u32, Vec<u8>> = HashMap::with_capacity(db.entries.len());
        let mut by_name: HashMap<Vec<u8>, u32> = HashMap::with_capacity(db.entries.len());
        let mut next_uid = db.next_uid;
        for (at, (uid, base)) in db.entries.into_iter().enumerate() {
            next_uid = next_uid.max(uid.saturating_add(1));
            let known = seen.get(&uid).is_some_and(|other| *other != base);
            if known || by_name.contains_key(&base) {
                findings.push(Finding::StateFileBadLine {
                    folder: name.clone(),
                    file: StateFileKind::UidDb,
                    line: at + 2,
                    text: [uid.to_string().as_bytes(), b" ", &base].concat(),
                });
                continue;
            }
            seen.insert(uid, base.clone());
            by_name.insert(base, uid);
        }
        CourierUids { uidvalidity: db.uidvalidity, next_uid, by_name }
    }
}

/// Courier's POP3 list, if there is one that can be read.
pub(super) fn read_sizelist(raw: &RawMailbox, findings: &mut Vec<Finding>) -> Option<Pop3SizeList> {
    let folder = FolderName::inbox();
    let file = StateFileKind::Pop3SizeList;
    match Pop3SizeList::parse(&raw.pop3_sizelist.as_ref()?.bytes) {
        Ok((list, bad)) => {
            findings.extend(bad_lines(bad, &folder, file));
            Some(list)
        }
        Err(error) => {
            findings.push(Finding::StateFileUnusable { folder, file, reason: error.to_string() });
            None
        }
    }
}

pub(super) fn bad_lines(
    bad: Vec<BadLine>,
    name: &FolderName,
    file: StateFileKind,
) -> impl Iterator<Item = Finding> {
    bad.into_iter().map(move |bad| Finding::StateFileBadLine {
        folder: name.clone(),
        file,
        line: bad.line,
        text: if bad.text.is_empty() { bad.file } else { bad.text },
    })
}

fn keyword_problem(problem: KeywordsProblem, name: &FolderName) -> Finding {
    let (line, text) = match problem {
        KeywordsProblem::BadLine { line, text } => (line, text),
        KeywordsProblem::IndexTooLarge { line, index, name } => {
            (line, [index.to_string().as_bytes(), b" ", &name].concat())
        }
        KeywordsProblem::Duplicate { line, name }
        | KeywordsProblem::Replaced { line, name, .. } => (line, name),
        KeywordsProblem::CutLastLine { text } => (0, text),
    };
    let folder = name.clone();
    Finding::StateFileBadLine { folder, file: StateFileKind::DovecotKeywords, line, text }
}
