//! A listing from the old server, and what becomes of it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test ends by panicking")]

mod listed_mailboxes;

use listed_mailboxes::*;
use mail_model::identity::*;
use mail_model::uidl::UidlFormat;
use mail_model::wire_size::WireSize;

use Certainty::{Assumed, Exact, Lost, Predicted};

#[test]
fn a_format_is_recognised_without_sizes() {
    let raw = listed(three(), &[("7.8", 0), ("7.9", 0)]);
    let mailbox = resolve(&raw, &Rules::default());
    assert_eq!(
        rows(&mailbox),
        [
            row("1.a", "7.8", Exact, "listing"),
            row("2.b", "7.9", Exact, "listing"),
            // Nobody has seen it, and the format is the listing's.
            row("3.c", "7.12", Predicted, "next-uid"),
        ]
    );
    assert_eq!(mailbox.findings, []);
    let format = mailbox.server.format.clone().unwrap();
    assert_eq!((format.format.to_string().as_str(), format.stated), ("%v.%u", true));
    let rule = mailbox.listing.unwrap().rule;
    assert!(rule.fits);
    assert_eq!((rule.stored, rule.by_rule, rule.unexplained), (0, 2, 0));
}

#[test]
fn a_message_that_came_after_the_listing_has_the_listings_format() {
    let raw = listed(three(), &[("7.8", 0)]);
    let mailbox = resolve(&raw, &Rules::default());
    assert_eq!(
        rows(&mailbox)[..2],
        [row("1.a", "7.8", Exact, "listing"), row("2.b", "7.9", Exact, "listed-format")]
    );
}

#[test]
fn two_formats_that_explain_as_much_are_only_assumed_where_they_differ() {
    // 8 is 8 in hexadecimal, too, and 12 is not.
    let list = "3 V7 N13\n8 :1.a\n9 :2.b\n12 :3.c\n";
    let raw = inbox(vec![file("1.a", 10), file("2.b", 20), file("3.c", 30)], list);
    let mailbox = resolve(&listed(raw, &[("8-7", 0), ("9-7", 0)]), &stated("%Xu-%v"));
    let rule = &mailbox.listing.as_ref().unwrap().rule;
    let formats: Vec<String> = rule.formats.iter().map(ToString::to_string).collect();
    assert_eq!(formats, ["%Xu-%v", "%u-%v"], "the operator's first");
    assert_eq!(rows(&mailbox)[2], row("3.c", "c-7", Assumed, "listed-format"));
}

#[test]
fn numbers_and_sizes_name_messages_whatever_the_format() {
    let raw = listed(three_of("N10"), &[("qx", 20), ("zz", 40), ("ab", 60)]);
    let mailbox = resolve(&raw, &Rules::default());
    assert_eq!(
        rows(&mailbox),
        [
            row("1.a", "qx", Exact, "listing"),
            row("2.b", "zz", Exact, "listing"),
            row("3.c", "ab", Exact, "listing"),
        ]
    );
    assert_eq!(by(&mailbox), [Some(MatchedBy::Number); 3]);
    assert_eq!((mailbox.findings.as_slice(), mailbox.server.format.as_ref()), (&[][..], None));
    // Taken before the last message came: it has no UIDL that anybody knows, and no rule to get one.
    let raw = listed(three(), &[("qx", 20), ("zz", 40)]);
    let mailbox = resolve(&raw, &Rules::default());
    assert_eq!(rows(&mailbox)[1], row("2.b", "zz", Exact, "listing"));
    assert_eq!(rows(&mailbox)[2], row("3.c", "UID12-7", Predicted, "not-listed"));
}

#[test]
fn what_came_after_the_listing_has_not_the_name_of_what_was_deleted() {
    // UID 6 is deleted, and the message in new/ is as long.
    let bases = ["1.a", "2.b", "3.c", "4.d", "5.e"];
    let files = || {
        let mut files: Vec<RawFile> =
            bases.iter().zip(1..).map(|(base, size)| file(base, size * 10)).collect();
        files.push(file("new/7.g", 60));
        files
    };
    let wire = |number: usize| number as u64 * 20;
    let entries = |uidl: &dyn Fn(usize) -> String| -> Vec<(String, u64)> {
        (1..=6).map(|number| (uidl(number), wire(number))).collect()
    };
    let find = |raw: RawMailbox, entries: &[(String, u64)]| {
        let entries: Vec<(&str, u64)> =
            entries.iter().map(|(uidl, size)| (uidl.as_str(), *size)).collect();
        resolve(&listed(raw, &entries), &Rules::default())
    };
    let all: Vec<(&str, usize)> = bases.into_iter().chain(["6.f"]).zip(1..).collect();
    let lines: Vec<String> = all.iter().map(|(base, uid)| format!("{uid} :{base}\n")).collect();
    let list = "3 V1700000000 N7\n".to_owned() + &lines.concat();
    let last = |mailbox: &Mailbox| rows(mailbox).pop().unwrap();
    let value = Some(MatchedBy::Value);
    let number = Some(MatchedBy::Number);

    let by_default = entries(&|uid| format!("{uid:08x}6553f100"));
    let mailbox = find(inbox(files(), &list), &by_default);
    assert_eq!(by(&mailbox), [value, value, value, value, value, None]);
    assert_eq!(last(&mailbox), row("7.g", "000000076553f100", Predicted, "next-uid"));
    assert!(mailbox.findings.contains(&unmatched(6, "000000066553f100")));

    // No format is known, but the server has numbered a message that is gone.
    let hashed = entries(&|uid| format!("hash{uid}"));
    let mailbox = find(inbox(files(), &list), &hashed);
    assert_eq!(by(&mailbox), [number, number, number, number, number, None]);
    assert_eq!(last(&mailbox).2, Predicted);
    // A session has given the new message a UID since: the format alone tells.
    let later = list.replace("N7", "N8") + "7 :7.g\n";
    let mailbox = find(inbox(files(), &later), &by_default);
    assert_eq!(last(&mailbox), row("7.g", "000000076553f100", Exact, "listed-format"));
    let one = |list: &str| inbox(vec![file("7.g", 60)], list);
    let mailbox = find(one("3 V1700000000 N8\n7 :7.g\n"), &by_default[5..]);
    assert_eq!(by(&mailbox), [None]);

    let mut raw = inbox(files(), "");
    let lines: Vec<String> =
        all.iter().map(|(base, n)| format!("{base}:2,S {} {n}:17\n", wire(*n))).collect();
    raw.pop3_sizelist = Some(state(&format!("/2 7 17\n{}", lines.concat()), 9));
    let mailbox = find(raw, &entries(&|n| format!("UID{n}-17")));
    assert_eq!(by(&mailbox), [value, value, value, value, value, None]);
    assert_eq!(last(&mailbox), row("7.g", "UID7-17", Predicted, "next-counter"));

    // From before the counter the names of files are the UIDLs, and no number tells of the end.
    let mut raw = inbox(files(), "");
    let lines: Vec<String> =
        all.iter().map(|(base, n)| format!("{base}:2,S {} 0:0\n", wire(*n))).collect();
    raw.pop3_sizelist = Some(state(&format!("/2 1 17\n{}", lines.concat()), 9));
    let mailbox = find(raw, &entries(&|n| all[n - 1].0.to_owned()));
    assert_eq!(by(&mailbox), [value, value, value, value, value, None]);
    assert_eq!(last(&mailbox), row("7.g", "UID1-17", Predicted, "next-counter"));
    // A stored UIDL is its own message's, though that is gone.
    let stored = "3 V1700000000 N7\n1 :1.a\n2 :2.b\n3 :3.c\n4 :4.d\n5 Phash6 :6.f\n6 :5.e\n";
    let mailbox = find(inbox(files(), stored), &hashed);
    assert_eq!(by(&mailbox), [number, number, number, number, number, None]);

    // Without a list only the directory tells that it is new.
    let mailbox = find(inbox(files(), ""), &hashed);
    assert_eq!(by(&mailbox), [number, number, number, number, number, None]);
    assert_eq!(last(&mailbox).2, Predicted);
}

#[test]
fn a_listing_that_fits_in_two_ways_names_nothing_new() {
    // UID 8 is deleted, and all are of one size: each would get its elder's name.
    let files = || vec![file("2.b", 10), file("3.c", 10), file("new/4.d", 10)];
    let list = "3 V7 N11\n9 :2.b\n10 :3.c\n";
    let entries = [("p8", 20), ("p9", 20), ("p10", 20)];
    let mailbox = resolve(&listed(inbox(files(), list), &entries), &Rules::default());
    assert_eq!(by(&mailbox), [None; 3]);
    // When the sizes differ there is one way only, and the message in new/ was there already.
    let entries = [("p9", 20), ("p10", 40), ("p11", 20)];
    let files = vec![file("2.b", 10), file("3.c", 20), file("new/4.d", 10)];
    let mailbox = resolve(&listed(inbox(files, list), &entries), &Rules::default());
    assert_eq!(by(&mailbox), [Some(MatchedBy::Number); 3]);
}

#[test]
fn a_place_among_equal_sizes_is_an_assumption() {
    // Perhaps the first was deleted, and the last came: they have other names then.
    let files = vec![file("1.a", 10), file("2.b", 10), file("3.c", 30)];
    let raw = inbox(files, "3 V7 N11\n8 :1.a\n9 :2.b\n10 :3.c\n");
    let mailbox = resolve(&listed(raw, &[("x", 20), ("y", 20), ("z", 60)]), &Rules::default());
    assert_eq!(
        rows(&mailbox),
        [
            row("1.a", "x", Assumed, "listing"),
            row("2.b", "y", Assumed, "listing"),
            row("3.c", "z", Exact, "listing"),
        ]
    );
}

#[test]
fn one_wrong_size_or_number_and_nothing_is_guessed() {
    for entries in [
        &[("qx", 20), ("zz", 42), ("ab", 60)][..],
        &[("qx", 0), ("zz", 0), ("ab", 0)],
        &[("qx", 20)],
        &[("qx", 20), ("zz", 40), ("ab", 60), ("cd", 80)],
    ] {
        let mailbox = resolve(&listed(three(), entries), &Rules::default());
        let expected: Vec<Finding> =
            entries.iter().zip(1..).map(|((uidl, _), number)| unmatched(number, uidl)).collect();
        let found = |finding: &&Finding| matches!(finding, Finding::ListingUnmatched { .. });
        let found: Vec<Finding> = mailbox.findings.iter().filter(found).cloned().collect();
        assert_eq!(found, expected, "{entries:?}");
        // It may be of another mailbox: the files count as without it.
        assert_eq!(rows(&mailbox)[0], row("1.a", "0000000800000007", Assumed, "assumed-format"));
    }
}

#[test]
fn places_that_a_stored_uidl_contradicts_name_nothing() {
    let list = "3 V7 N12\n8 Pp :1.a\n9 :2.b\n10 :3.c\n";
    let raw = inbox(vec![file("1.a", 10), file("2.b", 10), file("3.c", 10)], list);
    let entries = |first, second| listed(raw.clone(), &[(first, 20), (second, 20), ("y", 20)]);
    let found = |raw| by(&resolve(&raw, &Rules::default()));
    assert_eq!(found(entries("x", "p")), [None, Some(MatchedBy::Value), None]);
    let number = Some(MatchedBy::Number);
    assert_eq!(found(entries("p", "x")), [Some(MatchedBy::Value), number, number]);
}

#[test]
fn a_server_counts_in_one_way() {
    // Both are sizes of these messages, and no server tells one of each sort.
    let raw = inbox(vec![file("1.a", 10), file("2.b", 30)], "3 V7 N12\n8 :1.a\n9 :2.b\n");
    for (entries, count) in [([10, 60], 0), ([20, 30], 0), ([10, 30], 2), ([20, 60], 2)] {
        let raw = listed(raw.clone(), &[("x1", entries[0]), ("x2", entries[1])]);
        let found = by(&resolve(&raw, &Rules::default()));
        assert_eq!(found.iter().flatten().count(), count, "{entries:?}");
    }
}

#[test]
fn sizes_that_servers_tell_otherwise_agree() {
    let size = WireSize { octets: 20, stored: 10, last_line_open: true };
    assert!(size.agrees(20) && size.agrees(10) && size.agrees(22));
    assert!(!size.is_on_wire(10) && !size.agrees(21));
    assert!(!WireSize { last_line_open: false, ..size }.agrees(22));
}

#[test]
fn headers_name_messages_where_the_listing_has_them() {
    let mut raw = three();
    raw.folders[0].files[1].x_uidl = Some(b"from-another-server".to_vec());
    let raw = listed(raw, &[("0000000800000007", 0), ("from-another-server", 0)]);
    let mailbox = resolve(&raw, &Rules::default());
    assert_eq!(rows(&mailbox)[1], row("2.b", "from-another-server", Exact, "listing"));
    let rule = &mailbox.listing.as_ref().unwrap().rule;
    assert!(rule.reuse_x_uidl && rule.fits);
    // Said, and the listing does not have it.
    let rules = Rules { reuse_x_uidl: true, ..Rules::default() };
    let raw = listed(raw.clone(), &[("0000000800000007", 0), ("0000000900000007", 0)]);
    let mailbox = resolve(&raw, &rules);
    assert_eq!(rows(&mailbox)[1], row("2.b", "0000000900000007", Exact, "listing"));
    assert!(!mailbox.listing.unwrap().rule.reuse_x_uidl);
}

#[test]
fn stored_uidls_that_the_listing_has_otherwise_are_reported() {
    let list = "3 V7 N12\n8 Pold :1.a\n9 Pkept :2.b\n";
    let raw = || inbox(vec![file("1.a", 10), file("2.b", 30)], list);
    let mailbox = resolve(&listed(raw(), &[("new", 20), ("kept", 60)]), &Rules::default());
    assert_eq!(
        rows(&mailbox),
        [row("1.a", "new", Exact, "listing"), row("2.b", "kept", Exact, "listing")]
    );
    let differs = |name: &str, files_say: &str, listed: Option<&str>| Finding::ListingDiffers {
        name: name.as_bytes().to_vec(),
        files_say: files_say.as_bytes().to_vec(),
        listed: listed.map(|uidl| uidl.as_bytes().to_vec()),
    };
    assert_eq!(mailbox.findings, [differs("1.a", "old", Some("new"))]);
    // Swapped: the sizes tell whose is whose.
    let mailbox = resolve(&listed(raw(), &[("kept", 20), ("old", 60)]), &Rules::default());
    assert_eq!(
        mailbox.findings,
        [differs("1.a", "old", Some("kept")), differs("2.b", "kept", Some("old"))]
    );
    // By UID: what the listing gives to one message is no other's.
    let mut raw = listed(raw(), &[("kept", 0)]);
    raw.listing.as_mut().unwrap().entries[0].uid = Some(8);
    let mailbox = resolve(&raw, &Rules::default());
    assert_eq!(by(&mailbox), [Some(MatchedBy::Uid)]);
    assert_eq!(
        rows(&mailbox),
        [row("1.a", "kept", Exact, "listing"), row("2.b", "UID9-7", Lost, "not-listed")]
    );
    assert_eq!(
        mailbox.findings,
        [differs("1.a", "old", Some("kept")), differs("2.b", "kept", None)]
    );
}

#[test]
fn a_statement_that_the_listing_refutes_is_reported() {
    let raw = listed(three(), &[("7.8", 0), ("7.9", 0)]);
    let mailbox = resolve(&raw, &stated("%u-%v"));
    let parse = |text| UidlFormat::parse(text).unwrap();
    let (stated_format, listed_format) = (parse("%u-%v"), Some(parse("%v.%u")));
    assert_eq!(
        mailbox.findings,
        [Finding::ListingRefutesFormat {
            stated: stated_format.clone(),
            listed: listed_format,
            messages: 2
        }]
    );
    let raw = listed(three(), &[("qx", 20), ("zz", 40)]);
    let mailbox = resolve(&raw, &stated("%u-%v"));
    let refuted =
        Finding::ListingRefutesFormat { stated: stated_format, listed: None, messages: 2 };
    assert_eq!(mailbox.findings, [refuted]);
    // Stated and confirmed.
    let raw = listed(three(), &[("8-7", 0), ("9-7", 0)]);
    assert_eq!(resolve(&raw, &stated("%u-%v")).findings, []);
}

#[test]
fn what_was_given_out_is_not_given_again() {
    // UID 14 went to a message that is not in the backup; the one in new/ would have got 12.
    let entries = [("8-7", 20), ("9-7", 40), ("12-7", 98), ("14-7", 88)];
    let mailbox = resolve(&listed(three(), &entries), &Rules::default());
    let folder = &mailbox.folders[0];
    assert_eq!(rows(&mailbox)[2], row("3.c", "13-7", Predicted, "next-uid"));
    assert_eq!((folder.messages[2].uid, folder.next_uid), (13, 15));
    assert!(mailbox.findings.contains(&unmatched(3, "12-7")));
    assert!(mailbox.findings.contains(&unmatched(4, "14-7")));
    let rule = mailbox.listing.as_ref().unwrap().rule.clone();
    assert_eq!((rule.by_rule, rule.elsewhere, rule.unexplained), (3, 1, 0));
    // Also where the new server's own format would make it.
    let raw = inbox(vec![file("1.a", 10)], "3 V7 N9\n8 Px :1.a\n");
    let mailbox = resolve(&listed(raw, &[("x", 0), ("UID30-7", 0)]), &Rules::default());
    assert_eq!(mailbox.folders[0].next_uid, 31);
}

#[test]
fn the_order_is_the_listings() {
    let list = "3 V7 N12\n8 PUID1-5 :1.a\n9 PUID2-5 :2.b\n";
    let raw = inbox(vec![file("1.a", 10), file("2.b", 20)], list);
    let mailbox = resolve(&listed(raw, &[("UID2-5", 40), ("UID1-5", 20)]), &Rules::default());
    assert_eq!(mailbox.findings, []);
    let order: Vec<String> = rows(&mailbox).into_iter().map(|(base, ..)| base).collect();
    assert_eq!(order, ["2.b", "1.a"]);
    let emitted = emit(&mailbox.folders[0], &EmitOptions::default()).uidlist.to_bytes();
    assert_eq!(emitted, b"3 V7 N12\n8 O2 PUID1-5 :1.a\n9 O1 PUID2-5 :2.b\n");
}

#[test]
fn the_listing_settles_which_server_lived() {
    let mut raw = inbox(vec![file("1.a", 10)], "3 V7 N9\n8 :1.a\n");
    // Courier's files are newer and the label says Courier.
    raw.pop3_sizelist = Some(state("/3 2 5\n1.a:2,S 20 1:5:0\n", 99));
    let rules = Rules { installed: Some(ServerKind::Courier), ..Rules::default() };
    let server = |uidl: &str| {
        let mailbox = resolve(&listed(raw.clone(), &[(uidl, 20)]), &rules);
        assert_eq!(rows(&mailbox)[0], row("1.a", uidl, Exact, "listing"));
        (mailbox.server.live, mailbox.server.because)
    };
    assert_eq!(server("8-7"), (Some(ServerKind::Dovecot), Because::Listing));
    assert_eq!(server("UID1-5"), (Some(ServerKind::Courier), Because::Listing));
    assert_eq!(server("neither"), (Some(ServerKind::Courier), Because::Installed));
}

#[test]
fn courier_is_recognised_by_its_list() {
    let mut raw = inbox(vec![file("1.a", 10), file("2.b", 20), file("new/3.c", 30)], "");
    raw.pop3_sizelist = Some(state("/2 6 5\n1.a:2,S 20 0:0\n2.b:2,S 40 4:5\n", 9));
    let entries = [("1.a", 20), ("UID4-5", 40), ("UID6-5", 60), ("UID7-5", 1)];
    let mailbox = resolve(&listed(raw, &entries), &Rules::default());
    let rule = mailbox.listing.as_ref().unwrap().rule.clone();
    assert_eq!(rule.server, Some(ServerKind::Courier));
    assert_eq!((rule.stored, rule.by_rule, rule.elsewhere, rule.fits), (2, 1, 1, true));
    assert_eq!(
        by(&mailbox),
        [Some(MatchedBy::Value), Some(MatchedBy::Value), Some(MatchedBy::Value), None]
    );
}

#[test]
fn without_any_state_only_sizes_that_are_there_once_name_messages() {
    let raw = || inbox(vec![file("1.a", 10), file("2.b", 20), file("3.c", 10)], "");
    let entries = [("x1", 20), ("x2", 40), ("x3", 20)];
    let mailbox =
        resolve(&listed(raw(), &entries), &Rules { new_uidvalidity: 5, ..Rules::default() });
    assert_eq!(
        rows(&mailbox),
        [
            row("1.a", "UID1-5", Lost, "no-state"),
            row("2.b", "x2", Exact, "listing"),
            row("3.c", "UID3-5", Lost, "no-state"),
        ]
    );
    assert_eq!(by(&mailbox), [None, Some(MatchedBy::Number), None]);
}

#[test]
fn duplicates_stay_where_the_server_served_them() {
    let list = "3 V7 N12\n8 Gsame :1.a\n9 Gsame :2.b\n10 :3.c\n";
    let raw = inbox(vec![file("1.a", 10), file("2.b", 10), file("3.c", 30)], list);
    let mailbox =
        resolve(&listed(raw, &[("same", 20), ("same", 20), ("3.c", 60)]), &Rules::default());
    assert_eq!(
        rows(&mailbox),
        [
            row("1.a", "same", Exact, "listing"),
            row("2.b", "same", Exact, "listing"),
            row("3.c", "3.c", Exact, "listing"),
        ]
    );
    assert_eq!(mailbox.findings, [Finding::DuplicateUidls { uidl: b"same".to_vec(), count: 2 }]);
}

#[test]
fn an_answer_to_list_is_no_listing() {
    let mailbox = resolve(&listed(three(), &[("20", 0), ("40", 0), ("60", 0)]), &Rules::default());
    assert_eq!(mailbox.findings[0], Finding::ListingOfSizes { entries: 3 });
    assert!(mailbox.listing.as_ref().unwrap().of_sizes);
    assert_eq!(rows(&mailbox)[0].3, "assumed-format");
    // UIDs that look like sizes are UIDs when a format makes them.
    let raw = inbox(vec![file("1.a", 4), file("2.b", 9)], "3 V7 N12\n8 :1.a\n9 :2.b\n");
    let mailbox = resolve(&listed(raw, &[("8", 0), ("9", 0)]), &Rules::default());
    assert_eq!(rows(&mailbox)[0], row("1.a", "8", Exact, "listing"));
}

#[test]
fn a_format_of_nobody_is_worked_out() {
    let list = "3 V1700000000 N14\n8 :1.a\n9 :2.b\n10 :3.c\n13 :4.d\n";
    let files = || vec![file("1.a", 10), file("2.b", 20), file("3.c", 30), file("4.d", 40)];
    let uidls = ["pop_1700000000-8", "pop_1700000000-9", "pop_1700000000-10"];
    let mut entries: Vec<(&str, u64)> = uidls.iter().map(|uidl| (*uidl, 0)).collect();
    entries.push(("pop_1700000000-13", 0));
    let mailbox = resolve(&listed(inbox(files(), list), &entries), &Rules::default());
    let rule = &mailbox.listing.as_ref().unwrap().rule;
    assert_eq!(rule.formats, [UidlFormat::parse("pop_%v-%u").unwrap()]);
    assert_eq!(by(&mailbox), [Some(MatchedBy::Value); 4]);
    // Fewer than three messages prove nothing.
    let list = "3 V1700000000 N10\n8 :1.a\n9 :2.b\n";
    let raw = inbox(files()[..2].to_vec(), list);
    let mailbox = resolve(&listed(raw, &entries[..2]), &Rules::default());
    assert_eq!(by(&mailbox), [None, None]);
    assert!(mailbox.listing.unwrap().rule.formats.is_empty());
}

#[test]
fn only_inbox_has_a_listing() {
    let work =
        RawFolder { dir: b".Work".to_vec(), files: vec![file("1.a", 10)], ..RawFolder::default() };
    let raw = listed(RawMailbox { folders: vec![work], ..RawMailbox::default() }, &[("x", 20)]);
    let mailbox = resolve(&raw, &Rules::default());
    assert_eq!(mailbox.listing, None);
    assert_eq!(mailbox.folders[0].messages[0].uidl, None);
}
