//! One folder: what a Dovecot over the files that were found answers, and what the old server had
//! answered.

mod lists;

use std::collections::{BTreeSet, HashMap, HashSet};

use mail_model::dovecot::{
    Duplicates, GoneUids, Keywords, MaildirFile, ServeInput, Served, ServedMessage, Subscriptions,
    UidList, UidlSource, serve,
};
use mail_model::folder::{Convention, FolderName, NameEncoding};
use mail_model::identity::Message;
use mail_model::maildir::{FileName, Place};
use mail_model::uidl::UidlFormat;
use plesk_backup::printable;

use crate::verify::collect::{FoundFile, FoundFolder, FoundMailbox};
use crate::verify::expected::ExpectedFolder;
use crate::verify::ledger::{Change, Class, Ledger};

/// No `--reserve-uids` goes further: a million UIDs stay for new messages.
const HIGHEST_NEXT_UID: u32 = u32::MAX - (1 << 20);

/// A folder that must be there, and what is there.
pub(super) struct FolderPair<'a> {
    pub(super) meant: &'a ExpectedFolder<'a>,
    pub(super) found: &'a FoundFolder,
    /// A server has had the mailbox open since: it may have changed what clients change.
    pub(super) in_use: bool,
    /// It is an archive, which keeps more rules than a home has to.
    pub(super) is_archive: bool,
    /// POP3 listed messages in another order than that of their UIDs.
    pub(super) has_order: bool,
    /// What the server's logs say was deleted.
    deleted: Vec<&'a GoneUids>,
}

impl<'a> FolderPair<'a> {
    pub(super) fn new(
        meant: &'a ExpectedFolder<'a>,
        found: &'a FoundFolder,
        in_use: bool,
        is_archive: bool,
    ) -> FolderPair<'a> {
        // An index may be left from a folder that lay there before. Of two logs of one index only the
        // first need say which folder it is.
        let of_another = |log: &GoneUids| {
            let mut same = found.logs.iter().filter(|other| other.index_id == log.index_id);
            same.any(|log| log.uidvalidity.is_some_and(|known| known != meant.model.uidvalidity))
        };
        let logs = found.logs.iter().filter(|log| in_use && !of_another(log));
        let deleted = logs.collect();
        let places = meant.model.messages.iter().map(|message| message.pop3_position);
        let has_order = !places.is_sorted();
        FolderPair { meant, found, in_use, is_archive, has_order, deleted }
    }
}

/// Compares a folder.
pub(super) fn compare(pair: &FolderPair<'_>, ledger: &mut Ledger) {
    let FolderPair { meant, found, .. } = pair;
    let name = meant.name.as_str();
    let is_there = !found.places.is_empty() || !found.files.is_empty() || found.uidlist.is_some();
    ledger.check(Class::Folder, name, is_there, || {
        format!("the folder is missing, with {} messages", meant.model.messages.len())
    });
    if !is_there {
        for message in &meant.model.messages {
            missing(pair, message, ledger);
        }
        return;
    }
    for place in ["cur", "new", "tmp"] {
        ledger.check(Class::Archive, name, found.places.contains(place), || {
            format!("a maildir needs the directory {place}/, and it is missing")
        });
    }
    if pair.is_archive {
        marks(pair, ledger);
    }
    let Some(list) = lists::list(pair, ledger) else {
        let there: HashSet<usize> = found.files.iter().filter_map(|file| file.message).collect();
        for (index, message) in meant.model.messages.iter().enumerate() {
            if !there.contains(&index) {
                missing(pair, message, ledger);
            }
        }
        return;
    };
    let keywords = lists::keywords(pair, ledger);
    let files: Vec<MaildirFile<'_>> = found
        .files
        .iter()
        .map(|file| MaildirFile { place: file.place, name: &file.name, x_uidl: None })
        .collect();
    let served = serve(&ServeInput {
        uidlist: Some(&list),
        files: &files,
        format: &UidlFormat::uid_dash_validity(),
        reuse_x_uidl: false,
        duplicates: Duplicates::Allow,
        new_uidvalidity: list.uidvalidity,
    });
    numbers(pair, &list, &served, ledger);
    let mut by_message: HashMap<usize, &ServedMessage> = HashMap::new();
    for message in &served.messages {
        if let Some(index) = found.files[message.file].message {
            by_message.insert(index, message);
        }
    }
    for (index, message) in meant.model.messages.iter().enumerate() {
        match by_message.get(&index) {
            None => missing(pair, message, ledger),
            Some(served) => {
                let file = &found.files[served.file];
                identity(pair, message, served, file, ledger);
                state(pair, message, file, &keywords, ledger);
                lists::fields(pair, message, &list, ledger);
            }
        }
    }
    new_messages(pair, &served, ledger);
    order(pair, &served, ledger);
}

/// What every folder of an archive has beside its messages.
fn marks(pair: &FolderPair<'_>, ledger: &mut Ledger) {
    let FolderPair { meant, found, .. } = pair;
    let name = meant.name.as_str();
    if meant.model.name.is_inbox() {
        return;
    }
    ledger.check(Class::Archive, name, found.marked, || {
        "a folder of a maildir is marked by the file maildirfolder, which is missing".to_owned()
    });
    // The account says UTF8MAILBOX=0.
    let (_, encoding) = FolderName::from_dir(&meant.model.name.to_dir(), Convention::Auto);
    ledger.check(Class::Archive, name, encoding != NameEncoding::Utf8, || {
        "its directory is not in modified UTF-7".to_owned()
    });
}

fn numbers(pair: &FolderPair<'_>, list: &UidList, served: &Served, ledger: &mut Ledger) {
    let FolderPair { meant, found, .. } = pair;
    let name = meant.name.as_str();
    ledger.equal(
        Class::Uidvalidity,
        name,
        "UIDVALIDITY",
        &meant.model.uidvalidity,
        &served.uidvalidity,
    );
    ledger.check(Class::NextUid, name, list.next_uid >= meant.model.next_uid, || {
        format!(
            "the next UID is {}, and the old server had given out all below {}",
            list.next_uid, meant.model.next_uid
        )
    });
    let highest = HIGHEST_NEXT_UID.max(meant.model.next_uid);
    ledger.check(Class::NextUid, name, list.next_uid <= highest, || {
        format!(
            "the next UID is {}, and hardly any is left for new messages: the old server was at {}",
            list.next_uid, meant.model.next_uid
        )
    });
    for file in &served.not_served {
        let shown = printable(&found.files[*file].name);
        ledger.differs(Class::Twice, name, || format!("`{shown}` has the name of another message"));
    }
    for file in &served.without_uid {
        let shown = printable(&found.files[*file].name);
        ledger.differs(Class::Uid, name, || format!("there is no UID left for `{shown}`"));
    }
}

/// UID and UIDL of a message.
fn identity(
    pair: &FolderPair<'_>,
    message: &Message,
    served: &ServedMessage,
    file: &FoundFile,
    ledger: &mut Ledger,
) {
    let name = pair.meant.name.as_str();
    let shown = || printable(&file.name);
    ledger.check(Class::Uid, name, served.uid == message.uid && served.uid_listed, || {
        if served.uid_listed {
            format!("`{}` has UID {} instead of {}", shown(), served.uid, message.uid)
        } else {
            format!(
                "`{}` is in no list and gets UID {} instead of {}",
                shown(),
                served.uid,
                message.uid
            )
        }
    });
    let Some(uidl) = &message.uidl else { return };
    ledger.check(Class::Uidl, name, served.uidl == uidl.value, || {
        format!(
            "`{}` has the UIDL `{}` instead of `{}`",
            shown(),
            printable(&served.uidl),
            printable(&uidl.value)
        )
    });
    if served.uidl == uidl.value {
        ledger.check(Class::Uidl, name, served.uidl_from == UidlSource::PField, || {
            format!(
                "the UIDL `{}` of `{}` is not in the list: it holds only as long as the server's \
                 format stays as it is",
                printable(&uidl.value),
                shown()
            )
        });
    }
}

/// Where a message lies, its flags and its keywords.
fn state(
    pair: &FolderPair<'_>,
    message: &Message,
    file: &FoundFile,
    keywords: &Keywords,
    ledger: &mut Ledger,
) {
    let FolderPair { meant, in_use, .. } = pair;
    let name = meant.name.as_str();
    let shown = || printable(&file.name);
    if *in_use && message.place == Place::New && file.place == Place::Cur {
        ledger.changed(Change::Seen, name, || format!("`{}` is in cur/ now", shown()));
    } else {
        ledger.check(Class::Place, name, file.place == message.place, || {
            let place = |place| if place == Place::Cur { "cur/" } else { "new/" };
            format!(
                "`{}` lies in {} instead of {}",
                shown(),
                place(file.place),
                place(message.place)
            )
        });
    }
    // To Dovecot a name without a colon has no flags, whatever stands in it.
    let has_flags = file.name.contains(&b':');
    let whole = || FileName::whole(file.name.clone());
    let found = if has_flags { FileName::parse(&file.name) } else { whole() };
    let letters = |name: &FileName| -> Vec<u8> {
        name.flags.iter_letters().chain(name.other.iter().copied()).collect()
    };
    let (wanted, got) = (letters(&message.name), letters(&found));
    let flags = || {
        format!(
            "`{}` has the flags `{}` instead of `{}`",
            shown(),
            printable(&got),
            printable(&wanted)
        )
    };
    if *in_use && wanted != got {
        ledger.changed(Change::Flags, name, flags);
    } else {
        ledger.check(Class::Flags, name, wanted == got, flags);
    }
    let (wanted, got) = (named(&message.name, &meant.model.keywords), named(&found, keywords));
    let differing = || {
        let list = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(" ");
        format!("`{}` has the keywords `{}` instead of `{}`", shown(), list(&got), list(&wanted))
    };
    if *in_use && wanted != got {
        ledger.changed(Change::Keywords, name, differing);
    } else {
        ledger.check(Class::Keywords, name, wanted == got, differing);
    }
    if !*in_use {
        // Equal flags in another spelling are another file to programs that compare names.
        let (wanted, same) = (message.name.to_bytes(), wanted == got);
        if same && letters(&message.name) == letters(&found) {
            ledger.check(Class::Flags, name, wanted == file.name, || {
                format!("`{}` is written otherwise than `{}`", shown(), printable(&wanted))
            });
        }
    }
}

/// The keywords of a file by their names; a letter without one stands for itself.
fn named(name: &FileName, keywords: &Keywords) -> BTreeSet<String> {
    name.keywords
        .iter()
        .map(|index| {
            let unnamed = || format!("letter {}", char::from(b'a' + index));
            keywords.name(index).map_or_else(unnamed, printable)
        })
        .collect()
}

/// A message of the backup that is not there. Whether its owner threw it away since, only the
/// server's log can tell; that its line is gone from the list only says that the file was gone when
/// the server looked.
fn missing(pair: &FolderPair<'_>, message: &Message, ledger: &mut Ledger) {
    let name = pair.meant.name.as_str();
    let shown = printable(&message.name.to_bytes());
    let uid = message.uid;
    if pair.deleted.iter().any(|log| log.has(uid)) {
        ledger.changed(Change::Expunged, name, || format!("`{shown}` (UID {uid}) was deleted"));
        return;
    }
    ledger.differs(Class::Missing, name, || {
        if pair.in_use {
            format!(
                "`{shown}` (UID {uid}) is gone, and no log of the server says that a client \
                 deleted it"
            )
        } else {
            format!("`{shown}` (UID {uid}) is not there")
        }
    });
}

/// Messages that a server in use received. They must have names that no client has seen.
fn new_messages(pair: &FolderPair<'_>, served: &Served, ledger: &mut Ledger) {
    let FolderPair { meant, found, in_use, .. } = pair;
    if !*in_use {
        return; // said with where the bytes are from
    }
    let known: HashSet<&[u8]> = meant
        .model
        .messages
        .iter()
        .filter_map(|message| Some(message.uidl.as_ref()?.value.as_slice()))
        .collect();
    let name = meant.name.as_str();
    for message in &served.messages {
        let file = &found.files[message.file];
        if file.message.is_some() {
            continue;
        }
        let shown = printable(&file.name);
        let old_uid = message.uid < meant.model.next_uid;
        let old_uidl = meant.model.name.is_inbox() && known.contains(message.uidl.as_slice());
        if old_uid {
            ledger.differs(Class::Uid, name, || {
                format!(
                    "the new message `{shown}` has UID {}, and the old server had given out all \
                     below {}",
                    message.uid, meant.model.next_uid
                )
            });
        }
        if old_uidl {
            let uidl = printable(&message.uidl);
            ledger.differs(Class::Uidl, name, || {
                format!("the new message `{shown}` has the UIDL `{uidl}` of another one")
            });
        }
        if !old_uid && !old_uidl {
            ledger.changed(Change::Arrived, name, || format!("`{shown}` (UID {})", message.uid));
        }
    }
}

/// The order in which POP3 lists the messages of the backup.
fn order(pair: &FolderPair<'_>, served: &Served, ledger: &mut Ledger) {
    let FolderPair { meant, found, .. } = pair;
    let place_of = |index: usize| meant.model.messages[index].pop3_position;
    let listed: Vec<usize> = served
        .pop3_order
        .iter()
        .filter_map(|at| found.files[served.messages[*at].file].message)
        .filter(|index| place_of(*index).is_some())
        .collect();
    let mut wanted = listed.clone();
    wanted.sort_by_key(|index| place_of(*index));
    if wanted.is_empty() {
        return;
    }
    let shown = |index: usize| printable(&meant.model.messages[index].name.base);
    let first = wanted.iter().zip(&listed).find(|(wanted, listed)| wanted != listed);
    ledger.check(Class::Order, &meant.name, first.is_none(), || {
        first.map_or_else(String::new, |(wanted, listed)| {
            format!("POP3 lists `{}` where it listed `{}`", shown(*listed), shown(*wanted))
        })
    });
}

/// A mailbox that was never used: a maildir without messages.
pub(super) fn unused(object: &str, found: &FoundMailbox, ledger: &mut Ledger) {
    for place in ["cur", "new", "tmp"] {
        ledger.check(Class::Archive, object, found.places.contains(place), || {
            format!("a maildir needs the directory {place}/, and it is missing")
        });
    }
    for name in &found.messages {
        let shown = printable(name);
        if found.in_use {
            ledger.changed(Change::Arrived, object, || format!("`{shown}`"));
        } else {
            ledger.differs(Class::Extra, object, || {
                format!("`{shown}` is there, and the mailbox was never used")
            });
        }
    }
}

/// Compares what a mailbox's owner has subscribed to.
pub(super) fn subscriptions(
    object: &str,
    meant: &[FolderName],
    found: &FoundMailbox,
    ledger: &mut Ledger,
) {
    let shown = |names: &[FolderName]| -> Vec<String> {
        names.iter().map(|name| printable(&name.to_subscription())).collect()
    };
    let bytes = found.subscriptions.as_deref().unwrap_or_default();
    ledger.check(Class::Subscription, object, !bytes.contains(&b'\r'), || {
        "the list has carriage returns, which become a part of the names".to_owned()
    });
    let (meant, got) = (shown(meant), shown(&Subscriptions::parse(bytes, false).names));
    if !found.in_use {
        ledger.same_set(Class::Subscription, object, &meant, &got, |name| {
            format!("the subscription of `{name}`")
        });
        let same: BTreeSet<&String> = meant.iter().collect();
        if same == got.iter().collect() {
            ledger.check(Class::Subscription, object, meant == got, || {
                "the subscriptions stand in another order".to_owned()
            });
        }
        return;
    }
    for name in meant.iter().filter(|name| !got.contains(name)) {
        ledger.changed(Change::Subscription, object, || format!("`{name}` is no more subscribed"));
    }
    for name in got.iter().filter(|name| !meant.contains(name)) {
        ledger.changed(Change::Subscription, object, || format!("`{name}` is subscribed"));
    }
}
