//! A home that is in use: what may change, and what may not.

use super::bases::{Base, KLARA, Tree, base_of, one_of_each};

/// Recorded: Dovecot wrote that UIDs 12 to 14 and 17 were deleted.
const LOG: &[u8] = include_bytes!("../../data/dovecot.index.log");

fn klara(path: &str) -> String {
    let mut path = format!("{KLARA}/{path}");
    for number in 1..=7 {
        path = path.replace(&format!("B{number}"), &base_of(number));
    }
    path
}

/// As a Dovecot leaves it that has served the mailbox: indexes, and lists written anew.
pub fn serve(tree: &Tree) {
    tree.write(&klara("dovecot.list.index.log"), "index");
    std::fs::write(tree.path(&klara("dovecot.index.log")), LOG).unwrap();
    tree.write(&klara("dovecot-uidvalidity"), "5f5e1005");
    tree.write(&klara(".Work/dovecot.index.cache"), "cache");
    tree.edit(&klara(".Work/dovecot-uidlist"), " N8", " N8 Gffffffffffffffffffffffffffffffff");
}

/// What clients do.
pub fn use_mail(tree: &Tree) {
    let list = klara("dovecot-uidlist");
    tree.rename(&klara("new/B3"), &klara("cur/B3:2,S"));
    tree.rename(&klara("cur/B1:2,RSa"), &klara("cur/B1:2,FRSac"));
    tree.append(&klara("dovecot-keywords"), "2 Paid\n");
    tree.write(&klara("new/1800000000.M1P1.new,S=5"), "new\n\n");
    tree.edit(&list, " N30 ", " N31 ");
    tree.append(&list, "30 W7 :1800000000.M1P1.new,S=5\n");
    tree.remove(&klara("cur/B4:2,S"));
    tree.without_line(&list, "12 ");
    tree.maildir(&klara(".Archive"));
    let idle = "homedir/mail/example.com/idle";
    tree.write(&format!("{idle}/dovecot.index.log"), "index");
    tree.write(&format!("{idle}/dovecot-uidlist"), "3 V1800000000 N2\n1 :1.first\n");
    tree.write(&format!("{idle}/new/1.first"), "the first");
    tree.maildir(&format!("{idle}/.Sent"));
    tree.write(&klara("subscriptions"), "V\t2\n\nWork\t2020\nArchive\n");
    // The rest of a home.
    tree.maildir("homedir/mail");
    tree.maildir("homedir/mail/.Sent");
    tree.link("homedir/mail/.klara@example_com", "example.com/klara");
    tree.maildir("homedir/mail/example.com/zoe");
    tree.append("homedir/etc/example.com/shadow", "zoe:!!:20000::::::\n");
    tree.append("homedir/.spamassassin/bayes_toks", "more");
    tree.write("homedir/.autorespond/zoe@example.com", "From: zoe@example.com\n\nx\n");
    tree.write("homedir/public_html/index.html", "x");
}

#[test]
fn what_clients_change_is_no_difference() {
    let base = Base::new(&one_of_each());
    let tree = base.copy_home();
    serve(&tree);
    use_mail(&tree);
    let found = tree.verify();
    assert_eq!(found.status, Some(0), "{}", found.shown());
    assert_eq!(found.json()["shape"], "home");
    let changes = found.changes();
    let kinds: Vec<&str> = changes.keys().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "arrived",
            "expunged",
            "flags",
            "folder",
            "keywords",
            "learned",
            "mailbox",
            "shown",
            "subscription"
        ]
    );
    let arrived = changes["arrived"].join("\n");
    assert!(arrived.contains("1800000000.M1P1.new,S=5` (UID 30)"), "{arrived}");
    assert!(arrived.contains("idle@example.com: `1.first`"), "{arrived}");
    assert!(changes["expunged"][0].contains("(UID 12)"));
    let missing = found.json()["not_compared"].to_string();
    assert!(missing.contains("\"alias\"") && !missing.contains("\"uid\""), "{missing}");
}

#[test]
fn a_home_that_nobody_used_is_as_the_archive() {
    let base = Base::new(&one_of_each());
    let found = base.copy_home().verify();
    assert_eq!((found.status, found.classes()), (Some(0), vec![]), "{}", found.shown());
    let tree = base.copy_home();
    use_mail(&tree);
    let found = tree.verify();
    let classes = found.classes();
    let expected = [
        "flags",
        "folder",
        "keywords",
        "message-extra",
        "message-missing",
        "place",
        "subscription",
    ];
    assert_eq!(classes, expected, "{}", found.shown());
}

#[test]
fn what_names_a_message_may_not_change() {
    type Case = (&'static str, &'static [&'static str], &'static str, fn(&Tree));
    #[rustfmt::skip]
    let cases: &[Case] = &[
        ("a UID", &["uid"], "UID 4 instead of 3",
            |tree| tree.edit(&klara("dovecot-uidlist"), "\n3 ", "\n4 ")),
        ("a UIDL", &["uidl"], "instead of `first`",
            |tree| tree.edit(&klara("dovecot-uidlist"), "Pfirst", "Pother")),
        ("all UIDLs", &["uidl"], "not in the list",
            |tree| tree.edit(&klara("dovecot-uidlist"), " PUID9-1700000000", "")),
        ("UIDVALIDITY", &["uidvalidity"], "instead of `1700000000`",
            |tree| tree.edit(&klara("dovecot-uidlist"), "V1700000000", "V1800000000")),
        ("the next UID", &["next-uid", "uid"], "the old server had given out",
            |tree| {
                tree.edit(&klara("dovecot-uidlist"), " N31 ", " N21 ");
                tree.edit(&klara("dovecot-uidlist"), "\n30 ", "\n20 ");
            }),
        ("a UIDL is given out again", &["uidl"], "the UIDL `fourth` of another one",
            |tree| tree.edit(&klara("dovecot-uidlist"), "30 W7 :", "30 Pfourth :")),
        ("the order", &["pop3-order"], "POP3 lists",
            |tree| tree.edit(&klara("dovecot-uidlist"), "O1 ", "O7 ")),
        ("a byte", &["content"], "bytes",
            |tree| tree.edit(&klara(".Work/cur/B5:2,S"), "text of", "text 0f")),
        ("a date", &["date"], "date",
            |tree| tree.set_time(&klara(".Work/cur/B5:2,S"), 1_800_000_000)),
        ("a message is gone", &["message-missing"], "no log of the server",
            |tree| tree.remove(&klara(".Work/cur/B5:2,S"))),
        ("a message is in another folder", &["message-missing"], "INBOX",
            |tree| tree.rename(&klara("cur/B2:2,Fb"), &klara(".Work.2020/cur/B2:2,Fb"))),
        ("back to new", &["place"], "new/",
            |tree| tree.rename(&klara("cur/B2:2,Fb"), &klara("new/B2:2,Fb"))),
        ("a folder is gone", &["folder", "message-missing"], "Work/2020",
            |tree| tree.remove(&klara(".Work.2020"))),
        ("a folder's GUID", &["uidlist"], "GUID",
            |tree| tree.edit(&klara("dovecot-uidlist"), "G0123", "G3210")),
        ("a login", &["login"], "anna@example.com",
            |tree| tree.edit("homedir/etc/example.com/shadow", ":19737::::::\nbert", "x:19737::::::\nbert")),
        ("a filter", &["filter"], "petra",
            |tree| tree.edit("homedir/etc/example.com/petra/filter", "Bills", "Bill")),
    ];
    let base = Base::new(&one_of_each());
    for (name, classes, says, change) in cases {
        let tree = base.copy_home();
        serve(&tree);
        use_mail(&tree);
        change(&tree);
        let found = tree.verify();
        let mut named = classes.to_vec();
        named.sort_unstable();
        assert_eq!(found.classes(), named, "{name}: {}", found.shown());
        let said = found.of(classes[0]);
        assert!(said.iter().any(|line| line.contains(says)), "{name}: {said:?}");
    }
}

#[test]
fn a_list_that_a_delivery_agent_began_counts_by_its_entries() {
    let base = Base::new(&one_of_each());
    let tree = base.copy_home();
    serve(&tree);
    // A server in use appends, and says the same twice until it tidies up.
    tree.append(&klara("dovecot-uidlist"), "40 P :1800000000.M1P1.new\n");
    tree.write(&klara("new/1800000000.M1P1.new"), "x");
    let found = tree.verify();
    assert_eq!((found.status, found.classes()), (Some(0), vec![]), "{}", found.shown());
}

#[test]
fn a_log_of_another_life_of_the_folder_excuses_nothing() {
    let base = Base::new(&one_of_each());
    let tree = base.copy_home();
    serve(&tree);
    tree.remove(&klara("cur/B4:2,S"));
    let uidvalidity = 1_700_000_000_u32.to_le_bytes();
    let mut log = LOG.to_vec();
    let at = log.windows(4).position(|bytes| bytes == uidvalidity).unwrap();
    log[at] ^= 1;
    std::fs::write(tree.path(&klara("dovecot.index.log")), log).unwrap();
    let found = tree.verify();
    assert_eq!(found.classes(), ["message-missing"], "{}", found.shown());
}

/// A client asked for it, and that it was done is another record.
#[test]
fn a_deletion_that_was_only_asked_for_excuses_nothing() {
    let base = Base::new(&one_of_each());
    let tree = base.copy_home();
    serve(&tree);
    tree.remove(&klara("cur/B4:2,S"));
    assert_eq!(tree.verify().classes(), [""; 0], "{}", tree.verify().shown());
    let mut log = LOG.to_vec();
    for kind in [0xcd91_u32, 0xed90] {
        let done = (kind | 0x1000_0000).to_le_bytes();
        while let Some(at) = log.windows(4).position(|bytes| bytes == done) {
            log[at..at + 4].copy_from_slice(&kind.to_le_bytes());
        }
    }
    assert_ne!(log, LOG);
    std::fs::write(tree.path(&klara("dovecot.index.log")), log).unwrap();
    let found = tree.verify();
    assert_eq!(found.classes(), ["message-missing"], "{}", found.shown());
}
