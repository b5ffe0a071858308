//! The messages of MailEnable.

use super::*;

#[test]
fn mail_enable_s_messages_become_a_maildir() {
    let place = Place::new();
    let root = "POSTOFFICES/example.com/MAILROOT";
    let file = |path: &str, text: String| MemoryFile::file(format!("{root}/{path}"), DATE, text);
    tree_of_domain(
        &place,
        vec![
            file("Anna/Inbox/8C2F0A11B2C3D4E5F60718293A4B5C6D.MAI", mai("one")),
            file(
                "Anna/Inbox/0A2F0A11B2C3D4E5F60718293A4B5C6D.mai",
                mai("two").replace("\r\n", "\n"),
            ),
            file("Anna/Inbox/_index.xml", "<x/>".to_owned()),
            file("Anna/Inbox/Sub/1A.MAI", mai("below inbox")),
            file("Anna/Sent Items/2A.MAI", mai("sent")),
            file("Anna/Deleted Items/_index.xml", "<x/>".to_owned()),
            file("Anna/Projekte/Ärger/3A.MAI", mai("nested")),
            file("Anna/bert/4A.MAI", mai("a folder called like somebody")),
            file("bert/Inbox/5A.MAI", mai("of bert")),
            file("_mailbox.cfg", "beside the mailboxes".to_owned()),
            file("Anna/Calendar/6A.CAL", "no mail".to_owned()),
            MemoryFile::directory(format!("{root}/Anna/Drafts/"), DATE),
            MemoryFile::directory(format!("{root}/carla/"), DATE),
        ],
        &["bert"],
    );
    insta::assert_snapshot!("mailenable-inspect", place.run(&["inspect", "tree"]).transcript());
    let run = convert(&place, &[]);
    insta::assert_snapshot!("mailenable-convert", run.transcript());

    let anna = unpacked(&place, "anna");
    let lf = |subject: &str| mai(subject).replace("\r\n", "\n");
    let size = lf("one").len();
    let name = |number: u32| {
        format!("cur/{DATE}.M{number}P1.plesk2cpanel,S={size},W={}", mai("one").len())
    };
    let expected = [(name(0), (DATE, lf("one"))), (name(1), (DATE, lf("two")))];
    assert_eq!(messages(&anna), BTreeMap::from(expected));
    for (folder, subject) in [
        (".Sub", "below inbox"),
        (".Sent Items", "sent"),
        (".Projekte.&AMQ-rger", "nested"),
        (".bert", "a folder called like somebody"),
    ] {
        assert_eq!(texts(&anna.join(folder)), [lf(subject)], "{folder}");
    }
    assert_eq!(texts(&anna.join(".Deleted Items")), [""; 0]);
    assert_eq!(texts(&anna.join(".Drafts")), [""; 0]);
    assert_eq!(texts(&anna.with_file_name("bert")), [lf("of bert")]);
    // Nothing says which folders were subscribed.
    assert_eq!(
        fs::read_to_string(anna.join("subscriptions")).unwrap(),
        "Deleted Items\nDrafts\nProjekte.&AMQ-rger\nSent Items\nSub\nbert\n"
    );
    let list = fs::read_to_string(anna.join("dovecot-uidlist")).unwrap();
    let uidls: Vec<&str> =
        list.lines().skip(1).map(|line| line.split(' ').nth(1).unwrap()).collect();
    assert_eq!(uidls, ["P8C2F0A11B2C3D4E5F60718293A4B5C6D", "P0A2F0A11B2C3D4E5F60718293A4B5C6D"]);
    let beside = anna.join("../../../from-plesk/example.com/anna");
    assert_eq!(fs::read_to_string(beside.join("Inbox/_index.xml")).unwrap(), "<x/>");
    assert_eq!(fs::read_to_string(beside.join("Calendar/6A.CAL")).unwrap(), "no mail");
}

#[test]
fn mail_enable_s_messages_of_one_mailbox() {
    for (prefix, folder_of_inbox) in [("", ""), ("anna/", ""), ("Anna\\", "")] {
        let place = Place::new();
        let file =
            |path: &str, text: String| MemoryFile::file(format!("{prefix}{path}"), DATE, text);
        tree_of_one(
            &place,
            vec![
                file("Inbox/1A.MAI", mai("one")),
                file("Inbox\\2A.MAI", mai("two")),
                file("Junk E-mail/3A.MAI", mai("junk")),
            ],
        );
        let run = convert(&place, &[]);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        let anna = unpacked(&place, "anna");
        assert_eq!(texts(&anna.join(folder_of_inbox)).len(), 2, "{prefix}");
        assert_eq!(texts(&anna.join(".Junk E-mail")).len(), 1, "{prefix}");
    }
}

#[test]
fn a_cut_message_of_mail_enable_s_is_left_out() {
    let place = Place::new();
    let tree = tree_of_one(
        &place,
        vec![
            MemoryFile::file("Inbox/1A.MAI", DATE, mai("one")),
            MemoryFile::file("Inbox/2A.MAI", DATE, mai("two").repeat(100)),
        ],
    );
    let path = archive(&tree);
    let range = corrupt::member_range(&path, "Inbox/2A.MAI").unwrap();
    corrupt::truncate(&path, range.start + 1000).unwrap();
    let run = convert(&place, &[]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    assert!(run.stdout.contains("`Inbox/2A.MAI` is cut: 1000 of "), "{}", run.transcript());
    assert_eq!(texts(&unpacked(&place, "anna")).len(), 1);
}

#[test]
fn names_that_look_like_mail_enable_s_in_a_maildir_are_files() {
    let place = Place::new();
    let mut spec = one_mailbox(vec![
        MemoryFile::file("Maildir/cur/1.M1P1.h,S=9.MAI:2,S", DATE, "A: b\n\nx\r\n"),
        MemoryFile::file("Maildir/cur/2A.MAI", DATE, "A: b\n\nx\r\n"),
        MemoryFile::file("@attachments/3A.MAI", DATE, "A: b\n\nx\r\n"),
    ]);
    spec.compression = Compression::Tar;
    pack_directory(&spec, &place.path("tree")).unwrap();
    let run = convert(&place, &[]);
    let anna = unpacked(&place, "anna");
    assert_eq!(texts(&anna), ["A: b\n\nx\r\n"; 2], "{}", run.transcript());
    let attachment = anna.join("../../../from-plesk/example.com/anna/@attachments/3A.MAI");
    assert_eq!(fs::read_to_string(attachment).unwrap(), "A: b\n\nx\r\n");
}
