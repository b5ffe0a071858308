//! The lists of a folder: `dovecot-uidlist` and `dovecot-keywords`.

use std::collections::{BTreeSet, HashSet};

use mail_model::dovecot::{Keywords, UidList, UidListProblem};
use mail_model::identity::Message;
use mail_model::maildir::base_name;
use plesk_backup::printable;

use super::FolderPair;
use crate::verify::ledger::{Class, Ledger};

/// Reads the list, and holds its header against what it should say.
pub(super) fn list(pair: &FolderPair<'_>, ledger: &mut Ledger) -> Option<UidList> {
    let FolderPair { meant, found, in_use, .. } = pair;
    let name = meant.name.as_str();
    let Some(bytes) = &found.uidlist else {
        ledger.differs(Class::List, name, || {
            "dovecot-uidlist is missing: every message becomes a new one to all clients".to_owned()
        });
        return None;
    };
    let (list, problems) = match UidList::parse(bytes) {
        Ok(read) => read,
        Err(error) => {
            ledger.differs(Class::List, name, || format!("dovecot-uidlist can't be read: {error}"));
            return None;
        }
    };
    for problem in &problems {
        // A server in use appends to its list, and tidies up later.
        let harmless = matches!(
            problem,
            UidListProblem::DuplicateName { .. } | UidListProblem::NextUidRaised { .. }
        );
        if !(*in_use && harmless) {
            ledger.differs(Class::List, name, || said(problem));
        }
    }
    ledger.equal(Class::List, name, "the version of dovecot-uidlist", &3, &list.version);
    let text = |guid: &Option<Vec<u8>>| guid.as_ref().map(|guid| printable(guid));
    let (wanted, got) = (text(&meant.model.guid), text(&list.guid));
    // A server gives a folder a GUID that has none.
    if !(*in_use && wanted.is_none()) {
        let what = "the folder's GUID";
        ledger.equal_or_none(Class::List, name, what, wanted.as_ref(), got.as_ref());
    }
    if !*in_use {
        ledger.check(Class::List, name, list.header_extra.is_empty(), || {
            "the header of dovecot-uidlist has fields that nobody meant".to_owned()
        });
        let extra = found.files.iter().filter(|file| file.message.is_none());
        let extra: HashSet<&[u8]> = extra.map(|file| base_name(&file.name)).collect();
        for record in &list.records {
            let base = record.base.as_slice();
            let is_there = meant.by_base.contains_key(base) || extra.contains(base);
            ledger.check(Class::List, name, is_there, || {
                format!(
                    "UID {} is listed for `{}`, and no such message was meant",
                    record.uid,
                    printable(&record.base)
                )
            });
        }
    }
    Some(list)
}

fn said(problem: &UidListProblem) -> String {
    match problem {
        UidListProblem::BrokenAt { line, reason, dropped_lines } => format!(
            "dovecot-uidlist is broken at line {line} ({reason}): {dropped_lines} lines do not count"
        ),
        UidListProblem::CutLastLine { name, .. } => format!(
            "the last line of dovecot-uidlist, with `{}`, has no end and does not count",
            printable(name)
        ),
        UidListProblem::DuplicateName { name, dropped_uid, kept_uid } => format!(
            "dovecot-uidlist has `{}` twice, as UID {dropped_uid} and {kept_uid}",
            printable(name)
        ),
        UidListProblem::NextUidRaised { from, to } => {
            format!("dovecot-uidlist says that UID {from} is next, which is taken: {to} is")
        }
        other => format!("dovecot-uidlist is odd: {other:?}"),
    }
}

pub(super) fn keywords(pair: &FolderPair<'_>, ledger: &mut Ledger) -> Keywords {
    let FolderPair { meant, found, in_use, .. } = pair;
    let name = meant.name.as_str();
    let (keywords, problems) = Keywords::parse(found.keywords.as_deref().unwrap_or_default());
    for problem in &problems {
        ledger.differs(Class::Keywords, name, || format!("dovecot-keywords is odd: {problem:?}"));
    }
    let returns = found.keywords.as_ref().is_some_and(|bytes| bytes.contains(&b'\r'));
    ledger.check(Class::Keywords, name, !returns, || {
        "dovecot-keywords has carriage returns, which become a part of the names".to_owned()
    });
    // A client may have added some; whether messages still have theirs is asked of each.
    if !*in_use {
        let shown = |keywords: &Keywords| -> BTreeSet<String> {
            keywords.iter().map(|(index, name)| format!("{index} {}", printable(name))).collect()
        };
        let (wanted, got) = (shown(&meant.model.keywords), shown(&keywords));
        ledger.same_set(Class::Keywords, name, &wanted, &got, |line| {
            format!("the line `{line}` of dovecot-keywords")
        });
    }
    keywords
}

/// What else the list says of a message: sizes and the GUID, which clients of one server know, and no
/// UIDL or place that was not meant. A server reads only one of two fields.
pub(super) fn fields(
    pair: &FolderPair<'_>,
    message: &Message,
    list: &UidList,
    ledger: &mut Ledger,
) {
    if pair.in_use {
        return;
    }
    // Records stand by ascending UID.
    let Ok(at) = list.records.binary_search_by_key(&message.uid, |record| record.uid) else {
        return; // said already
    };
    let others = |fields: &[(u8, Vec<u8>)]| -> BTreeSet<String> {
        fields
            .iter()
            .filter(|(key, _)| !matches!(key, b'P' | b'O'))
            .map(|(key, value)| format!("{}{}", char::from(*key), printable(value)))
            .collect()
    };
    let record = &list.records[at];
    let (wanted, got) = (others(&message.fields), others(&record.fields));
    let name = pair.meant.name.as_str();
    ledger.same_set(Class::List, name, &wanted, &got, |field| {
        format!("the field `{field}` of UID {}", message.uid)
    });
    let uid = message.uid;
    let count = |key: u8| record.fields.iter().filter(|(other, _)| *other == key).count();
    let twice = got.len() + count(b'P') + count(b'O') < record.fields.len();
    ledger.check(Class::List, name, !twice, || format!("a field of UID {uid} stands there twice"));
    let uidls = usize::from(message.uidl.is_some());
    // Where it should have one, that is said with the UIDL.
    ledger.check(Class::Uidl, name, count(b'P') <= uidls, || {
        format!("UID {uid} has {} UIDLs in the list instead of {uidls}", count(b'P'))
    });
    let places = usize::from(pair.has_order && message.pop3_position.is_some());
    ledger.check(Class::Order, name, count(b'O') == places, || {
        format!("UID {uid} has {} places in the order of POP3 instead of {places}", count(b'O'))
    });
}
