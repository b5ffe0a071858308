//! Mailboxes with settings of every kind, and those of the domain.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use plesk_fixture::{
    AddressBookSpec, AutoresponderSpec, DkimSpec, MailboxSpec, MailingListSpec, MemoryFile,
    NamedFile, RecipientSpec, SpamSpec,
};

use super::addresses::mailbox;

/// The filters that Petra has in use.
pub const SCRIPT: &str = r#"require ["fileinto", "reject", "vacation", "imap4flags"];
# rule:[Bills]
if header :contains "Subject" ["Invoice", "Bill"] {
    fileinto "INBOX.Bills";
    stop;
}
# rule:[Boss]
if allof (header :contains "From" "boss@example.net", not header :contains "Subject" "lunch") {
    redirect :copy "assistant@example.net";
}
# rule:[Large]
if size :over 1M {
    discard;
}
# rule:[Flagged]
if header :is "X-Priority" "1" {
    addflag "\\Flagged";
}
"#;

/// The script of Klaus, which only answers.
const VACATION: &str = r#"require "vacation";
# rule:[Holidays]
vacation :days 3 :subject "Away" "I am on holidays.";
"#;

/// Limits of outgoing mail, as Plesk keeps them for a domain and for a mailbox.
pub const OUTGOING: &str = "<outgoing-messages><parameter><name>outgoing_messages_domain_limit</name>\
                            <value>500</value></parameter></outgoing-messages>";

/// As Plesk keeps it in `/etc/domainkeys/DOMAIN/default`.
pub const KEY: &str = include_str!("../../data/dkim-test-key.pem");

/// The public half, as it stands in the XML and in the DNS record behind `p=`.
fn public_half(key: &str) -> String {
    let mut openssl = Command::new("openssl")
        .args(["rsa", "-pubout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl is installed");
    openssl.stdin.take().unwrap().write_all(key.as_bytes()).unwrap();
    let output = openssl.wait_with_output().unwrap();
    assert!(output.status.success());
    let pem = String::from_utf8(output.stdout).unwrap();
    pem.lines().filter(|line| !line.starts_with("-----")).collect()
}

pub fn dkim() -> DkimSpec {
    DkimSpec { enabled: true, public_key: public_half(KEY), private_key: Some(KEY.to_owned()) }
}

pub fn mailing_list() -> MailingListSpec {
    let text = "From a@b Mon Jan  1 00:00:00 2024\n\nold news\n";
    MailingListSpec {
        name: "news".into(),
        owners: vec!["anna@example.com".into()],
        recipients: vec![RecipientSpec {
            address: "reader@example.net".into(),
            full_name: Some("Reader, \"The\"".into()),
        }],
        archive: vec![MemoryFile::file("news.mbox/news.mbox", 1_700_000_000, text)],
        ..MailingListSpec::default()
    }
}

/// Petra has all of it; Klaus and Hedwig have what one mailbox can't have twice.
pub fn mailboxes() -> Vec<MailboxSpec> {
    vec![petra(), klaus(), hedwig()]
}

fn with_script(name: &str, files: Vec<MemoryFile>) -> MailboxSpec {
    let text = "From: a@b.example\nSubject: x\n\nhello\n";
    let message = MemoryFile::file("Maildir/cur/1700000001.M1P1.old:2,S", 1_700_000_000, text);
    let password = mailbox(name).password;
    MailboxSpec { password, ..MailboxSpec::new(name) }.with_files([vec![message], files].concat())
}

fn petra() -> MailboxSpec {
    let contact = BTreeMap::from([
        ("name".to_owned(), "Smith".to_owned()),
        ("first-name".to_owned(), "Jo".to_owned()),
        ("email".to_owned(), "jo@example.net".to_owned()),
    ]);
    MailboxSpec {
        quota: Some(1 << 30),
        aliases: vec!["desk".into()],
        autoresponders: vec![
            AutoresponderSpec {
                text: "Back on Monday.\n".into(),
                answer_frequency: Some("2".into()),
                end_date: Some("2030-01-01".into()),
                attachments: vec!["map.pdf".into()],
                ..AutoresponderSpec::default()
            },
            AutoresponderSpec {
                enabled: false,
                subject: "old".into(),
                text: "an old answer\n".into(),
                ..AutoresponderSpec::default()
            },
        ],
        attachments: vec![NamedFile::new("map.pdf", "%PDF")],
        spam: Some(SpamSpec {
            action: "move".into(),
            hits: "5".into(),
            white_list: vec!["*@friend.example".into()],
            black_list: vec!["*@foe.example".into()],
            files: vec![
                NamedFile::new("bayes_toks", "what petra's filter learned, at length"),
                NamedFile::new("user_prefs", "required_score 5\n"),
            ],
            ..SpamSpec::default()
        }),
        address_book: Some(AddressBookSpec {
            contacts: vec![contact],
            ..AddressBookSpec::default()
        }),
        ..with_script(
            "petra",
            vec![
                MemoryFile::file("sieve/roundcube.sieve", 1_700_000_000, SCRIPT),
                MemoryFile::symbolic_link(".dovecot.sieve", 1, "sieve/roundcube.sieve"),
            ],
        )
    }
}

fn klaus() -> MailboxSpec {
    MailboxSpec {
        quota: Some(-1),
        forwards: vec!["klaus@elsewhere.example".into()],
        forwarding_enabled: true,
        spam: Some(SpamSpec {
            action: "delete".into(),
            hits: "9.5".into(),
            black_list: vec!["*@friend.example".into()],
            files: vec![NamedFile::new("bayes_toks", "klaus's, shorter")],
            ..SpamSpec::default()
        }),
        ..with_script("klaus", vec![MemoryFile::file(".dovecot.sieve", 1_700_000_000, VACATION)])
    }
}

fn hedwig() -> MailboxSpec {
    MailboxSpec {
        autoresponders: vec![AutoresponderSpec {
            subject: "Grüße: <request_subject>".into(),
            content_type: "text/html".into(),
            charset: "ISO-8859-1".into(),
            // `für` in that charset.
            text: b"<p>Danke f\xfcr Ihre Mail</p>\n".to_vec(),
            answer_frequency: None,
            ..AutoresponderSpec::default()
        }],
        spam: Some(SpamSpec {
            action: "mark".into(),
            hits: "7".into(),
            modify_subject: Some("true".into()),
            subject_text: Some("***SPAM***".into()),
            un_black_list: vec!["*@fair.example".into()],
            un_white_list: vec!["*@unfair.example".into()],
            ..SpamSpec::default()
        }),
        extra_xml: Some(
            "<virusfilter state=\"inout\"/><descriptions><description>reception</description>\
             </descriptions><outgoing-messages><parameter><name>outgoing_messages_mbox_limit</name>\
             <value>50</value></parameter></outgoing-messages>"
                .into(),
        ),
        ..mailbox("hedwig")
    }
}
