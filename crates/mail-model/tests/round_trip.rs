//! Whatever the mailbox: what is written is read back as it was meant.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]
#![allow(clippy::format_push_string, clippy::format_collect, reason = "short beats quick here")]

use mail_model::dovecot::{UidList, UidRecord};
use mail_model::identity::*;
use mail_model::maildir::Place;
use mail_model::uidl::UidlFormat;
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};

fn list() -> impl Strategy<Value = UidList> {
    let field = ("[A-Z]", "[!-~]{0,9}").prop_map(|(k, v)| (k.as_bytes()[0], v.into_bytes()));
    let record = (proptest::collection::vec(field, 0..4), "[!-9;-~]([ -.0-9;-~]{0,9}[!-.0-9;-~])?");
    (
        1..u32::MAX,
        proptest::collection::btree_map(1..u32::MAX - 1, record, 0..9),
        0..99u32,
        any::<bool>(),
    )
        .prop_map(|(uidvalidity, records, gap, guid)| {
            let mut names = HashSet::new();
            let records: Vec<UidRecord> = records
                .into_iter()
                .map(|(uid, (fields, base))| UidRecord {
                    uid,
                    fields,
                    base: base.replace('/', "_").into_bytes(),
                })
                .filter(|record| names.insert(record.base.clone()))
                .collect();
            let highest = records.last().map_or(0, |record| record.uid);
            let next_uid = (highest + 1).saturating_add(gap);
            let guid = guid.then(|| b"fc335507406e036b8534000083ecc375".to_vec());
            UidList { guid, next_uid, records, ..UidList::new(uidvalidity, 1) }
        })
}

const NAMES: [&str; 7] =
    ["1.a", "2.M3P4.b,S=5", "2.M20P4.b", "2.V1I2.c", "x y", "9.d,S=1,W=2", "\u{e9}.z"];

fn files() -> impl Strategy<Value = Vec<RawFile>> {
    let name = (
        0..NAMES.len(),
        "(:2,[DFPRSTa-d]{0,3})?|;2,S?|:1,x",
        any::<bool>(),
        0..3u64,
        proptest::option::of("[a-c ]{1,2}"),
    );
    proptest::collection::vec(name, 0..12).prop_map(|names| {
        let file =
            |(base, suffix, new, size, x_uidl): (usize, String, bool, u64, Option<String>)| {
                RawFile {
                    place: if new { Place::New } else { Place::Cur },
                    name: format!("{}{suffix}", NAMES[base]).into_bytes(),
                    size,
                    mtime: 0,
                    x_uidl: x_uidl.map(String::into_bytes),
                }
            };
        names.into_iter().map(file).collect()
    })
}

/// A state file that fits the names more or less, or noise, or none.
fn state_file(text: impl Strategy<Value = String> + 'static) -> BoxedStrategy<Option<StateFile>> {
    let bytes = prop_oneof![
        8 => text.prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..60),
    ];
    proptest::option::weighted(
        0.7,
        (bytes, 0..9i64).prop_map(|(bytes, mtime)| StateFile { bytes, mtime }),
    )
    .boxed()
}

fn uidlist() -> BoxedStrategy<Option<StateFile>> {
    let line = (0..4u32, "( P[a-b]?| PUID[0-9]-7| O[0-9]| G[a-z]| W1| q){0,3}", 0..NAMES.len());
    let lines = proptest::collection::vec(line, 0..9);
    let next = prop_oneof![1..40u32, Just(u32::MAX - 2), Just(u32::MAX)];
    state_file((lines, next, "\n?").prop_map(|(lines, next, end)| {
        let mut uid = 0;
        let mut text = format!("3 V7 N{next}");
        for (step, fields, name) in lines {
            uid += step;
            text.push_str(&format!("\n{uid}{fields} :{}", NAMES[name]));
        }
        text + &end
    }))
}

fn folder(dir: &'static str) -> impl Strategy<Value = RawFolder> {
    let uiddb = proptest::collection::vec((1..20u32, 0..NAMES.len()), 0..6).prop_map(|lines| {
        let lines: String =
            lines.into_iter().map(|(uid, name)| format!("{uid} {}\n", NAMES[name])).collect();
        format!("1 8 3\n{lines}")
    });
    let keywords = "(0 [a-c]\n)?(1 d\n)?(25 e\n)?";
    let courier =
        proptest::collection::vec((0..NAMES.len(), "([a-z]\n){0,3}"), 0..4).prop_map(|updates| {
            updates
                .into_iter()
                .map(|(name, text)| (NAMES[name].as_bytes().to_vec(), text.into_bytes()))
                .collect()
        });
    (files(), uidlist(), state_file(uiddb), state_file(keywords), courier).prop_map(
        move |(files, uidlist, uiddb, dovecot_keywords, courier_keywords)| RawFolder {
            dir: dir.as_bytes().to_vec(),
            files,
            uidlist,
            uiddb,
            dovecot_keywords,
            courier_keywords,
            ..RawFolder::default()
        },
    )
}

fn mailbox() -> impl Strategy<Value = RawMailbox> {
    let entry = (0..NAMES.len(), 0..5u32, prop_oneof![Just(7u32), Just(0), Just(9)]);
    let sizelist = proptest::collection::vec(entry, 0..6).prop_map(|lines| {
        let lines: String = lines
            .into_iter()
            .map(|(name, n, time)| format!("{}:2,S 5 {n}:{time}:0\n", NAMES[name]))
            .collect();
        format!("/3 3 7\n{lines}")
    });
    (folder(""), folder(".Work"), state_file(sizelist)).prop_map(|(inbox, work, pop3_sizelist)| {
        RawMailbox { folders: vec![inbox, work], pop3_sizelist, ..RawMailbox::default() }
    })
}

fn rules() -> impl Strategy<Value = Rules> {
    let formats =
        || prop_oneof![Just("UID%u-%v"), Just("%08Xu%08Xv"), Just("%f"), Just("%g"), Just("%v")];
    let old = prop_oneof![
        Just(OldServer::Auto),
        Just(OldServer::Courier),
        formats().prop_map(|f| OldServer::Dovecot(UidlFormat::parse(f).unwrap())),
    ];
    (old, formats(), any::<bool>()).prop_map(|(old_server, target, reuse_x_uidl)| Rules {
        old_server,
        reuse_x_uidl,
        new_uidvalidity: 7,
        target_format: UidlFormat::parse(target).unwrap(),
        installed: None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_list_is_read_as_it_was_written(list in list()) {
        let (read, problems) = UidList::parse(&list.to_bytes()).unwrap();
        prop_assert_eq!(problems, []);
        prop_assert_eq!(read, list);
    }

    #[test]
    fn what_is_emitted_verifies(raw in mailbox(), rules in rules(), reserve in 0..3u32) {
        let resolved = resolve(&raw, &rules);
        prop_assert_eq!(resolved.folders.len(), 2);
        prop_assert_ne!(resolved.folders[0].uidvalidity, 0);
        for folder in &resolved.folders {
            let files: Vec<(Place, Vec<u8>)> =
                folder.messages.iter().map(|m| (m.place, m.name.to_bytes())).collect();
            let emitted = emit(folder, &EmitOptions { reserve_uids: reserve });
            let keywords = emitted.keywords.map(|keywords| keywords.to_bytes());
            let bytes = emitted.uidlist.to_bytes();
            let found = verify_folder(folder, &bytes, keywords.as_deref(), &files, &rules.target_format);
            prop_assert_eq!(found, []);

            // No message is lost but those that a finding names.
            let raw_files = &raw.folders[folder.source].files;
            let left_out = resolved.findings.iter().filter(|finding| match finding {
                Finding::SameMessageTwice { folder: at, .. } | Finding::FileNotServed { folder: at, .. } => *at == folder.name,
                _ => false,
            });
            prop_assert_eq!(folder.messages.len() + left_out.count(), raw_files.len());
            prop_assert!(folder.messages.windows(2).all(|pair| pair[0].uid < pair[1].uid));
            prop_assert!(folder.messages.iter().all(|m| m.uid < folder.next_uid));
            prop_assert_eq!(folder.messages.iter().all(|m| m.uidl.is_some()), folder.name.is_inbox() || folder.messages.is_empty());
        }
        // Equal UIDLs only where the old server had them.
        let mut owners: HashMap<&[u8], Vec<Certainty>> = HashMap::new();
        for uidl in resolved.folders[0].messages.iter().filter_map(|m| m.uidl.as_ref()) {
            owners.entry(&uidl.value).or_default().push(uidl.certainty);
        }
        for (uidl, certainties) in owners.iter().filter(|(_, all)| all.len() > 1) {
            prop_assert!(certainties.iter().all(|c| *c <= Certainty::Assumed), "{:?}", uidl);
        }
    }

    #[test]
    fn a_change_is_found(raw in mailbox(), rules in rules(), pick in any::<proptest::sample::Index>()) {
        let resolved = resolve(&raw, &rules);
        let folder = &resolved.folders[0];
        prop_assume!(!folder.messages.is_empty());
        let files: Vec<(Place, Vec<u8>)> =
            folder.messages.iter().map(|m| (m.place, m.name.to_bytes())).collect();
        let emitted = emit(folder, &EmitOptions::default());
        let keywords = emitted.keywords.as_ref().map(mail_model::dovecot::Keywords::to_bytes);
        let check = |list: &UidList, files: &[(Place, Vec<u8>)]| {
            verify_folder(folder, &list.to_bytes(), keywords.as_deref(), files, &rules.target_format)
        };
        let at = pick.index(files.len());
        let mut fewer = files.clone();
        fewer.remove(at);
        prop_assert_ne!(check(&emitted.uidlist, &fewer), []);
        let mut unlisted = emitted.uidlist.clone();
        unlisted.records.remove(at);
        prop_assert_ne!(check(&unlisted, &files), []);
        let mut renamed = emitted.uidlist.clone();
        renamed.records[at].fields.insert(0, (b'P', b"other".to_vec()));
        prop_assert_ne!(check(&renamed, &files), []);
        let mut moved = files.clone();
        moved[at].0 = if moved[at].0 == Place::Cur { Place::New } else { Place::Cur };
        prop_assert_ne!(check(&emitted.uidlist, &moved), []);
        let mut other = emitted.uidlist.clone();
        other.uidvalidity ^= 1;
        prop_assert_ne!(check(&other, &files), []);
    }
}
