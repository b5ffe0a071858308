//! Changes to messages, folders and their lists.

use super::bases::{Base, KLARA, Tree, base_of, one_of_each};
use super::{Mutation, check};

/// A path in Klara's mailbox, `B1` standing for the base name of message 1.
fn klara(path: &str) -> String {
    let mut path = format!("{KLARA}/{path}");
    for number in 1..=7 {
        path = path.replace(&format!("B{number}"), &base_of(number));
    }
    path
}

fn rename(tree: &Tree, from: &str, to: &str) {
    tree.rename(&klara(from), &klara(to));
}

fn list(tree: &Tree, from: &str, to: &str) {
    tree.edit(&klara("dovecot-uidlist"), from, to);
}

#[rustfmt::skip]
pub const MUTATIONS: &[Mutation] = &[
    // Bytes and dates.
    Mutation { name: "a byte in a message", classes: &["content"], says: "bytes of",
        apply: |tree| tree.edit(&klara("cur/B1:2,RSa"), "text of", "text 0f") },
    Mutation { name: "a message is longer", classes: &["content"], says: "instead of",
        apply: |tree| tree.append(&klara("cur/B1:2,RSa"), "\n") },
    Mutation { name: "a message is cut", classes: &["content"], says: "instead of",
        apply: |tree| tree.edit(&klara("cur/B1:2,RSa"), "number 1\n", "") },
    Mutation { name: "an mtime", classes: &["date"], says: "2020-09-13 12:26",
        apply: |tree| tree.set_time(&klara("cur/B1:2,RSa"), 1_600_000_000) },
    // Flags, keywords, place.
    Mutation { name: "a flag is gone", classes: &["flags"], says: "`S` instead of `RS`",
        apply: |tree| rename(tree, "cur/B1:2,RSa", "cur/B1:2,Sa") },
    Mutation { name: "a flag is set", classes: &["flags"], says: "`FRS` instead of `RS`",
        apply: |tree| rename(tree, "cur/B1:2,RSa", "cur/B1:2,FRSa") },
    Mutation { name: "an unknown flag", classes: &["flags"], says: "`RSX`",
        apply: |tree| rename(tree, "cur/B1:2,RSa", "cur/B1:2,RSXa") },
    Mutation { name: "flags in another order", classes: &["flags"], says: "written otherwise",
        apply: |tree| rename(tree, "cur/B1:2,RSa", "cur/B1:2,SRa") },
    Mutation { name: "a suffix without flags", classes: &["flags"], says: "written otherwise",
        apply: |tree| rename(tree, "new/B3", "new/B3:2,") },
    Mutation { name: "a keyword is gone", classes: &["keywords"], says: "$Label1",
        apply: |tree| rename(tree, "cur/B1:2,RSa", "cur/B1:2,RS") },
    Mutation { name: "a keyword is another", classes: &["keywords"], says: "1 Bill",
        apply: |tree| tree.edit(&klara("dovecot-keywords"), "1 Invoice", "1 Bill") },
    Mutation { name: "a keyword has another letter", classes: &["keywords"], says: "2 Invoice",
        apply: |tree| tree.edit(&klara("dovecot-keywords"), "1 Invoice", "2 Invoice") },
    Mutation { name: "the keywords are gone", classes: &["keywords"], says: "letter a",
        apply: |tree| tree.remove(&klara("dovecot-keywords")) },
    Mutation { name: "from new to cur", classes: &["place"], says: "lies in cur/",
        apply: |tree| rename(tree, "new/B3", "cur/B3") },
    Mutation { name: "from cur to new", classes: &["place"], says: "lies in new/",
        apply: |tree| rename(tree, "cur/B1:2,RSa", "new/B1:2,RSa") },
    // UIDs and UIDLs.
    Mutation { name: "a UID", classes: &["uid"], says: "UID 4 instead of 3",
        apply: |tree| list(tree, "\n3 ", "\n4 ") },
    Mutation { name: "a P field", classes: &["uidl"], says: "`frist` instead of `first`",
        apply: |tree| list(tree, "Pfirst", "Pfrist") },
    Mutation { name: "a P field is gone", classes: &["uidl"], says: "`UID3-1700000000` instead",
        apply: |tree| list(tree, " Pfirst", "") },
    Mutation { name: "a P field is gone that equals the server's own", classes: &["uidl"],
        says: "not in the list",
        apply: |tree| list(tree, " PUID9-1700000000", "") },
    Mutation { name: "an O field", classes: &["pop3-order"], says: "POP3 lists",
        apply: |tree| list(tree, "O1", "O9") },
    Mutation { name: "two P fields", classes: &["uidl"], says: "2 UIDLs",
        apply: |tree| list(tree, "Pfirst", "Pfirst Pother") },
    Mutation { name: "a P field outside of the inbox", classes: &["uidl"], says: "1 UIDLs",
        apply: |tree| tree.edit(&klara(".Work/dovecot-uidlist"), "\n7 ", "\n7 Pother ") },
    Mutation { name: "an O field outside of the inbox", classes: &["pop3-order"], says: "1 places",
        apply: |tree| tree.edit(&klara(".Work/dovecot-uidlist"), "\n7 ", "\n7 O5 ") },
    Mutation { name: "the last O field is gone", classes: &["pop3-order"], says: "0 places",
        apply: |tree| list(tree, "O4 ", "") },
    Mutation { name: "a field twice", classes: &["uidlist"], says: "twice",
        apply: |tree| list(tree, "W99", "W99 W99") },
    Mutation { name: "UIDVALIDITY", classes: &["uidvalidity"], says: "instead of `1700000000`",
        apply: |tree| list(tree, "V1700000000", "V1600000009") },
    Mutation { name: "UIDVALIDITY of a folder", classes: &["uidvalidity"], says: "Work/2020",
        apply: |tree| tree.edit(&klara(".Work.2020/dovecot-uidlist"), "V1600000003", "V1") },
    Mutation { name: "the next UID", classes: &["next-uid"], says: "next UID is 29",
        apply: |tree| list(tree, " N30 ", " N29 ") },
    Mutation { name: "no next UID is left", classes: &["next-uid"], says: "hardly any",
        apply: |tree| list(tree, " N30 ", " N4294967290 ") },
    Mutation { name: "the next UID is taken", classes: &["next-uid", "uidlist"], says: "is 13",
        apply: |tree| list(tree, " N30 ", " N12 ") },
    Mutation { name: "a folder's GUID", classes: &["uidlist"], says: "GUID",
        apply: |tree| list(tree, "G0123", "G3210") },
    Mutation { name: "a field of a list", classes: &["uidlist"], says: "W99",
        apply: |tree| list(tree, "W99", "W98") },
    Mutation { name: "a field of a list's header", classes: &["uidlist"], says: "header",
        apply: |tree| list(tree, " N30 ", " N30 P%u ") },
    Mutation { name: "a line of a list is gone", classes: &["uid", "uidl", "pop3-order"],
        says: "in no list",
        apply: |tree| tree.without_line(&klara("dovecot-uidlist"), "5 ") },
    // More than anything that the backup needs is not held.
    Mutation { name: "a list as large as those of many accounts", classes: &["uidlist"],
        says: "is not read",
        apply: |tree| tree.write(&klara(".Work/dovecot-uidlist"), &"x".repeat(17 << 20)) },
    Mutation { name: "subscriptions without end", classes: &["uidlist", "subscription"],
        says: "is not read",
        apply: |tree| tree.write(&klara("subscriptions"), &"Work\n".repeat(1 << 19)) },
    Mutation { name: "keywords without end", classes: &["uidlist", "keywords"],
        says: "is not read",
        apply: |tree| tree.write(&klara("dovecot-keywords"), &"0 a\n".repeat(1 << 19)) },
    Mutation { name: "a line of a list for nobody", classes: &["uidlist"], says: "`17.nobody`",
        apply: |tree| tree.append(&klara("dovecot-uidlist"), "17 Pnobody :17.nobody\n") },
    Mutation { name: "a list without its end", classes: &["uidlist", "uid", "uidl"],
        says: "has no end",
        apply: |tree| list(tree, &format!("{}\n", base_of(4)), &base_of(4)) },
    Mutation { name: "a list in another order", classes: &["uidlist", "uid", "uidl", "pop3-order"],
        says: "broken at line 3",
        apply: |tree| list(tree, "\n3 ", "\n6 ") },
    Mutation { name: "a list of another version", classes: &["uidlist"], says: "can't be read",
        apply: |tree| list(tree, "3 V", "2 V") },
    Mutation { name: "a list is gone", classes: &["uidlist"], says: "missing",
        apply: |tree| tree.remove(&klara(".Work/dovecot-uidlist")) },
    // Messages.
    Mutation { name: "a message is dropped", classes: &["message-missing"], says: "(UID 12)",
        apply: |tree| tree.remove(&klara("cur/B4:2,S")) },
    Mutation { name: "a message twice", classes: &["message-twice"], says: "once more",
        apply: |tree| tree.copy(&klara("cur/B4:2,S"), &klara("cur/1.copy:2,S")) },
    Mutation { name: "a message in new and cur", classes: &["message-twice"], says: "second time",
        apply: |tree| tree.copy(&klara("new/B3"), &klara("cur/B3:2,S")) },
    Mutation { name: "a message that nobody meant", classes: &["message-extra"], says: "none of",
        apply: |tree| tree.write(&klara("cur/1.extra:2,S"), "Subject: x\n\n") },
    Mutation { name: "a message under another name", classes: &["message-missing", "message-extra"],
        says: "(UID 12)",
        apply: |tree| rename(tree, "cur/B4:2,S", "cur/1.other:2,S") },
    Mutation { name: "a message in another folder", classes: &["message-missing", "message-extra"],
        says: "INBOX",
        apply: |tree| rename(tree, "cur/B4:2,S", ".Work/cur/B4:2,S") },
    Mutation { name: "a name that no server serves", classes: &["message-extra"], says: ".hidden",
        apply: |tree| tree.write(&klara("cur/.hidden"), "x") },
    // Folders, subscriptions, mailboxes.
    Mutation { name: "a folder's name", classes: &["folder", "message-missing"], says: ".Work.2021",
        apply: |tree| rename(tree, ".Work.2020", ".Work.2021") },
    Mutation { name: "a folder is gone", classes: &["folder", "message-missing"],
        says: "missing, with 1",
        apply: |tree| tree.remove(&klara(".&ANw-bung")) },
    Mutation { name: "a folder in another encoding", classes: &["folder", "message-missing"],
        says: "Übung",
        apply: |tree| rename(tree, ".&ANw-bung", ".Übung") },
    Mutation { name: "a folder that nobody had", classes: &["folder"], says: ".More",
        apply: |tree| tree.maildir(&klara(".More")) },
    Mutation { name: "a subscription is gone", classes: &["subscription"], says: "`Work.2020`",
        apply: |tree| tree.without_line(&klara("subscriptions"), "Work") },
    Mutation { name: "a subscription that nobody had", classes: &["subscription"], says: "`Work`",
        apply: |tree| tree.append(&klara("subscriptions"), "Work\n") },
    Mutation { name: "a subscription with INBOX.", classes: &["subscription"], says: "INBOX.Work",
        apply: |tree| tree.edit(&klara("subscriptions"), "Work", "INBOX.Work") },
    Mutation { name: "subscriptions in another order", classes: &["subscription"], says: "order",
        apply: |tree| tree.write(&klara("subscriptions"), "&ANw-bung\nWork.2020\n") },
    Mutation { name: "all subscriptions are gone", classes: &["subscription"], says: "ANw-bung",
        apply: |tree| tree.remove(&klara("subscriptions")) },
    Mutation { name: "a mailbox's mail is gone", classes: &["mailbox", "folder", "message-missing"],
        says: "klara@example.com",
        apply: |tree| tree.remove(KLARA) },
    Mutation { name: "the maildir of a mailbox without mail is gone", classes: &["mailbox"],
        says: "idle@example.com",
        apply: |tree| tree.remove("homedir/mail/example.com/idle") },
    Mutation { name: "a message in a mailbox without mail", classes: &["message-extra"],
        says: "never used",
        apply: |tree| tree.write("homedir/mail/example.com/idle/new/1.x", "x") },
    Mutation { name: "mail of a mailbox that nobody had", classes: &["mailbox"], says: "zoe",
        apply: |tree| tree.maildir("homedir/mail/example.com/zoe") },
];

#[test]
fn every_change_of_mail_is_named() {
    let base = Base::new(&one_of_each());
    check(&base, MUTATIONS);
}
