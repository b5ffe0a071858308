//! The message model's typed findings, in words.

use std::fmt::Write;

use mail_model::identity::{Because, Finding as Model, NextUidReason, ServerKind, StateFileKind};
use plesk_backup::printable;

use crate::finding::{
    DUPLICATE_UIDLS, FILES_NOT_CARRIED, FOLDER_ODD, FOLDER_RENAMED, Finding, HIDDEN_MESSAGES,
    KEYWORD_UNNAMED, KEYWORDS_DROPPED, KEYWORDS_FULL, MESSAGE_RENAMED, NEXT_UID_RAISED,
    SAME_MESSAGE_TWICE, SERVER_SWITCHED, SERVER_UNCLEAR, STATE_FILE_ODD, STATE_MISSING,
    UID_SPACE_FULL, UIDL_FORMAT_ASSUMED, UIDL_NOT_KEPT, UIDL_TRUTH_DIFFERS, UIDL_TRUTH_ODD,
    UIDL_TRUTH_UNMATCHED, UIDLIST_BROKEN, UIDLIST_CUT, UNUSUAL_UIDL,
};

/// How many things of one sort are named before the rest is only counted.
const NAMED: usize = 5;

/// "1 message", "2 messages".
pub(crate) fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A server's name.
pub(crate) fn server_name(kind: ServerKind) -> &'static str {
    match kind {
        ServerKind::Dovecot => "dovecot",
        ServerKind::Courier => "courier",
    }
}

/// Why one server's state was taken, in words.
pub(crate) fn because(reason: Because) -> &'static str {
    match reason {
        Because::OnlyState => "only its state files are there",
        Because::Migrated => "its list holds the other server's UIDLs, as a migration writes them",
        Because::Stated => "--old-server says so",
        Because::Listing => "the listing from the old server has its names",
        Because::Installed => "the backup's list of components says so",
        Because::Newer => "its state files are newer",
        Because::Contradiction => "a guess: the state files and the labels contradict each other",
        Because::InMessages => "UIDs stand in the mbox, as Dovecot and UW-IMAP write them",
        Because::NoState => "no server's state files are there",
        _ => "another reason",
    }
}

/// The command that prints an old Dovecot's rule for UIDLs.
pub(crate) const ASK_DOVECOT: &str = "doveconf -f protocol=pop3 pop3_uidl_format pop3_reuse_xuidl";

/// A finding about `address` in the report's words.
pub(crate) fn describe(address: &str, finding: &Model) -> Finding {
    let place = |folder: &dyn std::fmt::Display| format!("{address} {folder}");
    match finding {
        Model::UidListBroken { folder, line, reason, lost } => UIDLIST_BROKEN.about(
            place(folder),
            format!(
                "dovecot-uidlist is broken at line {line} ({reason}); {} from there on, so these \
                 messages get new UIDs",
                if *lost == 1 { "1 line counts no more".to_owned() } else { format!("{lost} lines count no more") }
            ),
        ),
        Model::UidListCutLine { folder, name, uid, repaired } => UIDLIST_CUT.about(
            place(folder),
            match (repaired, uid) {
                (true, Some(uid)) => format!(
                    "the last line of dovecot-uidlist is cut; `{}` is the only message that fits \
                     and keeps UID {uid}",
                    printable(name)
                ),
                _ => format!(
                    "the last line of dovecot-uidlist is cut at `{}`; its message gets the next UID",
                    printable(name)
                ),
            },
        ),
        Model::StateFileUnusable { folder, file, reason } => UIDLIST_BROKEN.with_remedy(
            place(folder),
            format!("{} can't be used: {reason}", state_file(*file)),
            "tell the owner if the report lists messages of this folder that are downloaded again",
        ),
        Model::StateFileBadLine { folder, file, line, text } => STATE_FILE_ODD.about(
            place(folder),
            format!("{}, line {line} is not understood: `{}`", state_file(*file), printable(text)),
        ),
        Model::UidListFieldRemoved { folder, line, key, value } => STATE_FILE_ODD.about(
            place(folder),
            format!(
                "dovecot-uidlist, line {line}: the field `{}{}` can't be written and is left out",
                char::from(*key).escape_default(),
                printable(value)
            ),
        ),
        Model::UidListDuplicateName { folder, name, dropped_uid, kept_uid } => {
            STATE_FILE_ODD.about(
                place(folder),
                format!(
                    "dovecot-uidlist names `{}` with UID {dropped_uid} and {kept_uid}; the later \
                     one counts, as for Dovecot",
                    printable(name)
                ),
            )
        }
        Model::StateMissing { folder, messages, in_new } => STATE_MISSING.about(
            place(folder),
            format!(
                "no server's state files are in the backup for this folder: {} will be downloaded \
                 again by every client that knows the folder{}",
                count(*messages as u64, "message"),
                if *in_new > 0 {
                    format!("; {in_new} more lie in new/, where no client has seen them yet")
                } else {
                    String::new()
                }
            ),
        ),
        Model::ServerUnclear { taken, dovecot_newest, courier_newest } => SERVER_UNCLEAR.about(
            address,
            format!(
                "state files of Dovecot (newest: {}) and of Courier (newest: {}) are there, and \
                 which one was in use last is unclear; {} was taken",
                time(*dovecot_newest),
                time(*courier_newest),
                server_name(*taken)
            ),
        ),
        Model::ServerSwitched { live, from_other } => SERVER_SWITCHED.about(
            address,
            if from_other.is_empty() {
                format!("state files of two servers are there; {} was in use last", server_name(*live))
            } else {
                format!(
                    "state files of two servers are there; {} was in use last, and {} opened \
                     before that keeps the names of the other: {}",
                    server_name(*live),
                    count(from_other.len() as u64, "folder"),
                    some(from_other.iter().map(ToString::to_string))
                )
            },
        ),
        Model::ServerDiffers { said, found, stated } => SERVER_SWITCHED.about(
            address,
            format!(
                "{} names {}, but only {}'s state files are there: the mailbox was not opened \
                 since the switch, and what its clients last saw is kept",
                if *stated { "--old-server" } else { "the backup's list of components" },
                server_name(*said),
                server_name(*found)
            ),
        ),
        Model::FormatAssumed { format, messages } => UIDL_FORMAT_ASSUMED.with_remedy(
            address,
            format!(
                "the UIDLs of {} rest on the assumption that the old Dovecot's pop3_uidl_format \
                 was its default, {format}; if it was another, POP3 clients download them again",
                count(*messages as u64, "message")
            ),
            format!(
                "on the old server run `{ASK_DOVECOT}`, then convert with \
                 --old-server dovecot:FORMAT"
            ),
        ),
        Model::UidlRuleAssumed { example, messages } => UIDL_FORMAT_ASSUMED.with_remedy(
            address,
            format!(
                "the UIDLs of {} rest on what is said of MailEnable, that its POP3 server names a \
                 message by its file's name without .MAI; if it does not, POP3 clients download \
                 them again",
                count(*messages as u64, "message")
            ),
            format!(
                "log in to the old server by POP3 as this mailbox (telnet HOST 110, then USER, PASS \
                 and UIDL) and look for `{}`; if it is not there, tell the owner",
                printable(example)
            ),
        ),
        Model::FormatNeedsMaildir { format, messages } => UIDL_NOT_KEPT.with_remedy(
            address,
            format!(
                "--old-server names messages by file names ({format}), and the {} of this mbox have \
                 none",
                count(*messages as u64, "message")
            ),
            "convert this subscription alone with the format that holds for it (--only DOMAIN)",
        ),
        Model::ListingDiffers { name, files_say, listed } => UIDL_TRUTH_DIFFERS.about(
            address,
            match listed {
                Some(listed) => format!(
                    "`{}` has the UIDL `{}` by the old server's files and `{}` by its listing, \
                     which counts",
                    printable(name),
                    printable(files_say),
                    printable(listed)
                ),
                None => format!(
                    "`{}` has the UIDL `{}` by the old server's files, and the listing gives that to \
                     another message; POP3 clients download it again",
                    printable(name),
                    printable(files_say)
                ),
            },
        ),
        Model::ListingRefutesFormat { stated, listed, messages } => UIDL_TRUTH_DIFFERS.about(
            address,
            format!(
                "--old-server says {stated}, and the listing has other UIDLs for {}{}; the listing \
                 counts",
                count(*messages as u64, "message"),
                listed.as_ref().map_or_else(String::new, |format| format!(", by {format}"))
            ),
        ),
        Model::ListingUnmatched { number, uidl } => UIDL_TRUTH_UNMATCHED.about(
            address,
            format!(
                "the listing names `{}`{}, and no message here can be shown to be that one",
                printable(uidl),
                number.map_or_else(String::new, |number| format!(" as number {number}"))
            ),
        ),
        Model::ListingOfSizes { entries } => UIDL_TRUTH_ODD.about(
            address,
            format!(
                "the listing holds the sizes of {} where UIDLs should stand: it is the answer to \
                 LIST, and is not used",
                count(*entries as u64, "message")
            ),
        ),
        Model::DuplicateUidls { uidl, count: times } => DUPLICATE_UIDLS.about(
            address,
            format!("the old server served the UIDL `{}` for {times} messages", printable(uidl)),
        ),
        Model::UnusualUidl { name, uidl, problem } => UNUSUAL_UIDL.about(
            address,
            format!("`{}` has the UIDL `{}`: {problem}", printable(name), printable(uidl)),
        ),
        Model::UidlCannotBeKept { name, uidl, problem, replacement } => UIDL_NOT_KEPT.about(
            address,
            format!(
                "`{}` had the UIDL `{}`, which a list can't hold ({problem}); it is served as `{}`",
                printable(name),
                printable(uidl),
                printable(replacement)
            ),
        ),
        Model::UidlMoved { name, from, to } => NEXT_UID_RAISED.about(
            address,
            format!(
                "`{}`, which no client has seen, would have met another message's UIDL `{}`; it \
                 gets `{}`",
                printable(name),
                printable(from),
                printable(to)
            ),
        ),
        Model::NextUidRaised { folder, from, to, why } => NEXT_UID_RAISED.about(
            place(folder),
            format!(
                "the next UID was raised from {from} to {to}: {}",
                match why {
                    NextUidReason::BelowHighestUid => "the list had a higher UID already",
                    NextUidReason::UidlGivenOut => "a UIDL of that form was given out already",
                    _ => "it was too low",
                }
            ),
        ),
        Model::NextUidOverflow { folder, wanted } => UID_SPACE_FULL.about(
            place(folder),
            format!("the next UID would be {wanted}, above the highest possible, {}", u32::MAX),
        ),
        Model::UidsExhausted { folder, messages } => UID_SPACE_FULL.about(
            place(folder),
            format!("no UID was left for {}: the folder is numbered anew", count(*messages as u64, "message")),
        ),
        Model::SameMessageTwice { folder, kept, dropped } => SAME_MESSAGE_TWICE.about(
            place(folder),
            format!("`{}` and `{}` are one message; the first is kept", printable(kept), printable(dropped)),
        ),
        Model::SameNameDifferentMessage { folder, name, renamed_to } => MESSAGE_RENAMED.about(
            place(folder),
            format!("two messages are named `{}`; the second becomes `{}`", printable(name), printable(renamed_to)),
        ),
        Model::KeywordsDropped { folder, names, messages } => KEYWORDS_DROPPED.about(
            place(folder),
            format!(
                "{} of {} could not be carried: {}",
                count(names.len() as u64, "keyword"),
                count(*messages as u64, "message"),
                some(names.iter().map(|name| printable(name)))
            ),
        ),
        Model::KeywordsFull { folder } => KEYWORDS_FULL.about(
            place(folder),
            "all 26 keywords that a maildir can hold are taken; the old server may have kept more \
             of them in its index, which can't be carried",
        ),
        Model::KeywordLetterUnnamed { folder, letter, messages } => KEYWORD_UNNAMED.about(
            place(folder),
            format!("{} carry the keyword letter `{letter}`, which no list names", count(*messages as u64, "message")),
        ),
        Model::FolderNameOdd { folder, dir } => FOLDER_ODD.about(
            place(folder),
            format!("the directory `{}` is no proper folder name; it is kept byte for byte", printable(dir)),
        ),
        Model::FolderNameCollision { first, second, renamed_to } => FOLDER_ODD.about(
            place(renamed_to),
            format!(
                "the directories `{}` and `{}` mean one name; the second becomes {renamed_to}",
                printable(first),
                printable(second)
            ),
        ),
        Model::FolderReencoded { folder, from, to } => FOLDER_RENAMED.about(
            place(folder),
            format!("the directory `{}` becomes `{}`", printable(from), printable(to)),
        ),
        Model::HiddenByPop3DeletedFlag { folder, keyword, messages } => HIDDEN_MESSAGES.about(
            place(folder),
            format!(
                "{} carry the keyword `{}`, by which the old server may have hidden them from POP3",
                count(*messages as u64, "message"),
                printable(keyword)
            ),
        ),
        Model::MessageNameOdd { folder, name, written } => MESSAGE_RENAMED.with_remedy(
            place(folder),
            format!("the file `{}` is written as `{}`", printable(name), printable(written)),
            "nothing to do: flags and date are kept",
        ),
        Model::SizeInNameWrong { folder, mended, left } => MESSAGE_RENAMED.with_remedy(
            place(folder),
            format!(
                "the names of {} claimed a wrong size and are written without{}",
                count(*mended as u64, "message"),
                if *left > 0 {
                    format!("; {left} more stay as they are, as their names would meet others")
                } else {
                    String::new()
                }
            ),
            "nothing to do: clients know the messages by UID and UIDL, which are kept",
        ),
        Model::FileNotServed { folder, name } => FILES_NOT_CARRIED.about(
            place(folder),
            format!(
                "`{}` lies among the messages under a name that no server serves; it is left out",
                printable(name)
            ),
        ),
        Model::SubscriptionOdd { name, kept } => STATE_FILE_ODD.about(
            address,
            format!(
                "the subscription `{}` is no proper folder name; it is {}",
                printable(name),
                if *kept { "kept as it is" } else { "left out" }
            ),
        ),
        other => STATE_FILE_ODD.about(address, format!("{other:?}")),
    }
}

/// The first few of a list, and how many more there are.
pub(crate) fn some(items: impl ExactSizeIterator<Item = String>) -> String {
    let rest = items.len().saturating_sub(NAMED);
    let mut text = items.take(NAMED).collect::<Vec<_>>().join(", ");
    if rest > 0 {
        let _ = write!(text, ", and {rest} more");
    }
    text
}

fn state_file(kind: StateFileKind) -> &'static str {
    match kind {
        StateFileKind::UidList => "dovecot-uidlist",
        StateFileKind::DovecotKeywords => "dovecot-keywords",
        StateFileKind::UidDb => "courierimapuiddb",
        StateFileKind::Pop3SizeList => "courierpop3dsizelist",
        StateFileKind::CourierKeywords => "courierimapkeywords",
        StateFileKind::DovecotSubscriptions => "subscriptions",
        StateFileKind::CourierSubscribed => "courierimapsubscribed",
        _ => "a state file",
    }
}

fn time(epoch: Option<i64>) -> String {
    epoch.map_or_else(|| "none".to_owned(), crate::time::utc)
}
