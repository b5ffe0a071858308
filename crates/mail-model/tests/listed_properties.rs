//! Whatever the old server was set to, its listing brings back what it served.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

use mail_model::dovecot::{Duplicates, MaildirFile, ServeInput, UidList, UidRecord, serve};
use mail_model::identity::*;
use mail_model::maildir::Place;
use mail_model::uidl::{ListedUidl, UidlFormat, known_formats};
use mail_model::wire_size::WireSize;
use proptest::prelude::*;
use std::collections::HashMap;

/// An old server: its files and lists, and what it answered, by file.
#[derive(Clone, Debug)]
struct Old {
    raw: RawMailbox,
    listing: Vec<ListedUidl>,
    /// The file of each entry of the listing.
    files: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Parts {
    step: u32,
    size: u64,
    stored: Option<String>,
    guid: Option<String>,
    x_uidl: Option<String>,
    listed: bool,
}

fn parts() -> impl Strategy<Value = Parts> {
    (
        1..4u32,
        1..4u64,
        proptest::option::weighted(0.2, "[a-z]{12}"),
        proptest::option::weighted(0.2, "[g-m]{12}"),
        proptest::option::weighted(0.2, "[n-z]{12}"),
        proptest::bool::weighted(0.8),
    )
        .prop_map(|(step, size, stored, guid, x_uidl, listed)| Parts {
            step,
            size: size * 10,
            stored,
            guid,
            x_uidl,
            listed,
        })
}

/// Formats that everybody knows, and some that nobody does.
fn format() -> impl Strategy<Value = UidlFormat> {
    let odd = ["pop3-%v.%u", "%08XUu.%08XUv", "%u", "%Rf", "%.4g-%u", "x%u_%v_y", "%010u%010v"];
    let all: Vec<&str> = known_formats().iter().copied().chain(odd).collect();
    proptest::sample::select(all).prop_map(|text| UidlFormat::parse(text).unwrap())
}

/// `even`: no two messages are of one size.
fn old(even: bool) -> impl Strategy<Value = Old> {
    let messages = proptest::collection::vec(parts(), 1..10);
    let validity = prop_oneof![1..99u32, 1_600_000_000..1_800_000_000u32];
    (messages, validity, format(), any::<bool>()).prop_map(
        move |(messages, uidvalidity, format, reuse_x_uidl)| {
            let mut list = UidList::new(uidvalidity, 1);
            let mut files = vec![];
            let mut uid = 0;
            for (at, message) in messages.iter().enumerate() {
                let base = format!("17000000{at:02}.M{at}P1.host").into_bytes();
                // Odd, so that no size of a file is another's on the wire.
                let size = if even { message.size + 1 + at as u64 * 100 } else { message.size };
                let place = if message.listed { Place::Cur } else { Place::New };
                let suffix: &[u8] = if message.listed { b":2,S" } else { b"" };
                files.push(RawFile {
                    place,
                    name: [base.as_slice(), suffix].concat(),
                    size,
                    mtime: 0,
                    x_uidl: message.x_uidl.clone().map(String::into_bytes),
                });
                if !message.listed {
                    continue;
                }
                uid += message.step;
                let mut fields = vec![];
                for (key, value) in [(b'P', &message.stored), (b'G', &message.guid)] {
                    fields.extend(value.clone().map(|value| (key, value.into_bytes())));
                }
                list.records.push(UidRecord { uid, fields, base });
            }
            list.next_uid = uid + 1;
            let maildir: Vec<MaildirFile<'_>> = files
                .iter()
                .map(|file: &RawFile| MaildirFile {
                    place: file.place,
                    name: &file.name,
                    x_uidl: file.x_uidl.as_deref(),
                })
                .collect();
            let served = serve(&ServeInput {
                uidlist: Some(&list),
                files: &maildir,
                format: &format,
                reuse_x_uidl,
                duplicates: Duplicates::Allow,
                new_uidvalidity: uidvalidity,
            });
            let order: Vec<_> =
                served.pop3_order.iter().map(|at| served.messages[*at].clone()).collect();
            let listing = order.iter().zip(1..).map(|(message, number)| ListedUidl {
                number: Some(number),
                uid: None,
                size: Some(files[message.file].size * 2),
                uidl: message.uidl.clone(),
            });
            let listing = listing.collect();
            let in_order = order.iter().map(|message| message.file).collect();
            let inbox = RawFolder {
                files,
                uidlist: Some(StateFile { bytes: list.to_bytes(), mtime: 9 }),
                ..RawFolder::default()
            };
            let raw = RawMailbox { folders: vec![inbox], ..RawMailbox::default() };
            Old { raw, listing, files: in_order }
        },
    )
}

fn with_listing(raw: &RawMailbox, entries: Vec<ListedUidl>) -> RawMailbox {
    let sizes = raw.folders[0].files.iter().map(|file| {
        Some(WireSize { octets: file.size * 2, stored: file.size, last_line_open: false })
    });
    RawMailbox { listing: Some(RawListing { entries, sizes: sizes.collect() }), ..raw.clone() }
}

/// How often each UIDL is there.
fn times<'a>(uidls: impl Iterator<Item = &'a [u8]>) -> HashMap<&'a [u8], usize> {
    let mut times = HashMap::new();
    for uidl in uidls {
        *times.entry(uidl).or_default() += 1;
    }
    times
}

fn uidl(message: &Message) -> &Uidl {
    message.uidl.as_ref().unwrap()
}

/// Rules that may be right or wrong.
fn rules() -> impl Strategy<Value = Rules> {
    let said = prop_oneof![
        Just(OldServer::Auto),
        format().prop_map(OldServer::Dovecot),
        Just(OldServer::Courier)
    ];
    (said, any::<bool>()).prop_map(|(old_server, reuse_x_uidl)| Rules {
        old_server,
        reuse_x_uidl,
        ..Rules::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// A whole listing with sizes: what is written serves exactly it, in its order.
    #[test]
    fn what_was_served_is_served_again(old in old(true), rules in rules()) {
        let mailbox = resolve(&with_listing(&old.raw, old.listing.clone()), &rules);
        let folder = &mailbox.folders[0];
        let mut in_order: Vec<&Message> = folder.messages.iter().collect();
        in_order.sort_by_key(|message| message.pop3_position);
        let served: Vec<&[u8]> = in_order.iter().map(|m| uidl(m).value.as_slice()).collect();
        let listed: Vec<&[u8]> = old.listing.iter().map(|entry| entry.uidl.as_slice()).collect();
        prop_assert_eq!(served, listed);
        let files: Vec<usize> = in_order.iter().map(|message| message.file).collect();
        // Messages that the server called the same may stand in one another's place.
        if times(old.listing.iter().map(|entry| entry.uidl.as_slice())).len() == files.len() {
            prop_assert_eq!(&files, &old.files);
        }
        for message in &in_order {
            prop_assert_eq!(uidl(message).certainty, Certainty::Exact);
            prop_assert_eq!(uidl(message).evidence, UidlEvidence::Listing);
        }
        let written = emit(folder, &EmitOptions::default()).uidlist.to_bytes();
        let files: Vec<(Place, Vec<u8>)> =
            folder.messages.iter().map(|m| (m.place, m.name.to_bytes())).collect();
        let format = UidlFormat::uid_dash_validity();
        prop_assert_eq!(verify_folder(folder, &written, None, &files, &format), []);
    }

    /// The same where sizes repeat: what the place alone tells is right, and an assumption; what
    /// was in no list may stay without.
    #[test]
    fn equal_sizes_are_told_apart_or_left(old in old(false), rules in rules()) {
        let mailbox = resolve(&with_listing(&old.raw, old.listing.clone()), &rules);
        let folder = &mailbox.folders[0];
        let truth: HashMap<usize, &ListedUidl> =
            old.files.iter().copied().zip(&old.listing).collect();
        let sizes = |size| old.listing.iter().filter(|entry| entry.size == size).count();
        let matches = &mailbox.listing.as_ref().unwrap().matches;
        let has_new = old.raw.folders[0].files.iter().any(|file| file.place == Place::New);
        for message in &folder.messages {
            let truth = truth[&message.file];
            let by = matches.iter().flatten().find(|it| it.file == message.file).map(|it| it.by);
            let is_assumed = by == Some(MatchedBy::Number) && sizes(truth.size) > 1;
            match by {
                Some(_) => {
                    let certainty = if is_assumed { Certainty::Assumed } else { Certainty::Exact };
                    prop_assert_eq!(uidl(message).value.as_slice(), truth.uidl.as_slice());
                    prop_assert_eq!(uidl(message).certainty, certainty);
                }
                None => prop_assert!(has_new),
            }
        }
        let written = emit(folder, &EmitOptions::default()).uidlist.to_bytes();
        let files: Vec<(Place, Vec<u8>)> =
            folder.messages.iter().map(|m| (m.place, m.name.to_bytes())).collect();
        let format = UidlFormat::uid_dash_validity();
        prop_assert_eq!(verify_folder(folder, &written, None, &files, &format), []);
    }

    /// Old mail is deleted and new comes after the listing: nobody gets the name of another.
    #[test]
    fn what_came_later_gets_no_name_of_what_was_deleted(
        old in old(true),
        rules in rules(),
        gone in 0..10usize,
        same_size in any::<bool>(),
    ) {
        let mut raw = old.raw.clone();
        // The last that POP3 lists, and one somewhere.
        let last = *old.files.last().unwrap();
        let also = old.files[gone % old.files.len()];
        let size = if same_size { raw.folders[0].files[last].size } else { 7 };
        raw.folders[0].files[last] = RawFile {
            place: Place::New,
            name: b"1799999999.M1P1.host".to_vec(),
            size,
            mtime: 0,
            x_uidl: None,
        };
        if gone % 2 == 0 && also != last {
            raw.folders[0].files.remove(also);
        }
        let mailbox = resolve(&with_listing(&raw, old.listing.clone()), &rules);
        let new: Vec<&Message> = mailbox.folders[0]
            .messages
            .iter()
            .filter(|message| message.name.base.starts_with(b"1799999999"))
            .collect();
        prop_assert_eq!(new.len(), 1);
        // Where the deleted one was in no list, nothing shows that it is another.
        if old.raw.folders[0].files[last].place == Place::Cur {
            let listed = |entry: &ListedUidl| entry.uidl == uidl(new[0]).value;
            prop_assert!(!old.listing.iter().any(listed), "{:?}", uidl(new[0]));
        }
    }

    /// A listing with holes, with messages of others, with and without sizes: nothing is invented.
    #[test]
    fn no_message_gets_the_name_of_another(
        old in old(true),
        rules in rules(),
        keep in proptest::collection::vec(any::<bool>(), 10),
        others in proptest::collection::vec(("[A-F]{3}|UID9[0-9]-7", 0..10usize), 0..3),
        sizes in any::<bool>(),
    ) {
        let mut entries: Vec<(ListedUidl, Option<usize>)> = old
            .listing
            .iter()
            .cloned()
            .zip(old.files.iter().copied().map(Some))
            .zip(&keep)
            .filter(|(_, keep)| **keep)
            .map(|(entry, _)| entry)
            .collect();
        // Some look as if they were of this mailbox, which has no such UIDs.
        for (uidl, at) in others {
            let uidl = uidl.into_bytes();
            // Nobody's size here.
            let entry = ListedUidl { number: None, uid: None, size: Some(7), uidl };
            entries.insert(at.min(entries.len()), (entry, None));
        }
        for ((entry, _), number) in entries.iter_mut().zip(1..) {
            entry.number = Some(number);
            entry.size = entry.size.filter(|_| sizes);
        }
        let listing: Vec<ListedUidl> = entries.iter().map(|(entry, _)| entry.clone()).collect();
        let raw = with_listing(&old.raw, listing.clone());
        let mailbox = resolve(&raw, &rules);
        prop_assert_eq!(&mailbox, &resolve(&raw, &rules));
        let folder = &mailbox.folders[0];
        let evidence = mailbox.listing.as_ref().unwrap();
        prop_assert_eq!(evidence.matches.len(), listing.len());

        let truth: HashMap<usize, &[u8]> =
            old.files.iter().copied().zip(old.listing.iter().map(|e| e.uidl.as_slice())).collect();
        let served = times(folder.messages.iter().map(|m| uidl(m).value.as_slice()));
        let listed = times(listing.iter().map(|entry| entry.uidl.as_slice()));
        for message in &folder.messages {
            let is_listed = uidl(message).evidence == UidlEvidence::Listing;
            let found = evidence.matches.iter().flatten().find(|found| found.file == message.file);
            prop_assert_eq!(is_listed, found.is_some());
            if is_listed {
                prop_assert_eq!(uidl(message).certainty, Certainty::Exact);
                prop_assert_eq!(uidl(message).value.as_slice(), truth[&message.file]);
            }
        }
        for (value, times) in &served {
            let duplicate = |finding: &Finding| {
                matches!(finding, Finding::DuplicateUidls { uidl, .. } if uidl == value)
            };
            // A UIDL that stands twice stood twice on the old server, and that is said.
            prop_assert!(*times == 1 || mailbox.findings.iter().any(duplicate));
        }
        let mut unmatched = 0;
        for (entry, found) in listing.iter().zip(&evidence.matches) {
            if found.is_none() {
                unmatched += 1;
                let value = entry.uidl.as_slice();
                let here = served.get(value).copied().unwrap_or(0);
                prop_assert!(here < listed[value] || evidence.of_sizes, "{:?}", value);
            }
        }
        let reported = |finding: &&Finding| matches!(finding, Finding::ListingUnmatched { .. });
        let reported = mailbox.findings.iter().filter(reported).count();
        prop_assert_eq!(reported, if evidence.of_sizes { 0 } else { unmatched });
        prop_assert!(folder.messages.iter().all(|message| message.uid < folder.next_uid));
    }
}
