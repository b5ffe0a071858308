//! Every mail setting of a rich backup: where it ends, and that the report accounts for each.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::process::{Command, Stdio};

use plesk_fixture::{
    AddressBookSpec, AutoresponderSpec, DkimSpec, DomainAliasSpec, MailboxSpec, MailingListSpec,
    MemoryFile, NamedFile, PasswordSpec, RecipientSpec, SpamSpec, Spec, SubscriptionSpec,
};

use crate::support::{Place, tar};

const SCRIPT: &str = r#"require ["fileinto", "reject", "vacation", "imap4flags"];
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

fn secret() -> PasswordSpec {
    PasswordSpec::plain("secret")
}

/// As Plesk keeps it in `/etc/domainkeys/DOMAIN/default`.
const KEY: &str = include_str!("../data/dkim-test-key.pem");

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

fn rich() -> Spec {
    let file = |path: &str, text: &str| MemoryFile::file(path, 1_700_000_000, text);
    let message =
        file("Maildir/cur/1700000001.M1P1.old:2,S", "From: a@b.example\nSubject: x\n\nhello\n");

    let mut anna = MailboxSpec::new("anna").with_files(vec![
        message.clone(),
        file("sieve/roundcube.sieve", SCRIPT),
        MemoryFile::symbolic_link(".dovecot.sieve", 1, "sieve/roundcube.sieve"),
    ]);
    anna.password = Some(secret());
    anna.quota = Some(1 << 30);
    anna.aliases = vec!["contact".into()];
    anna.autoresponders = vec![
        AutoresponderSpec {
            enabled: true,
            subject: "Re: <request_subject>".into(),
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
    ];
    anna.attachments = vec![NamedFile { name: "map.pdf".into(), content: b"%PDF".to_vec() }];
    anna.spam = Some(SpamSpec {
        enabled: true,
        action: "move".into(),
        hits: "5".into(),
        white_list: vec!["*@friend.example".into()],
        black_list: vec!["*@foe.example".into()],
        files: vec![
            NamedFile::new("bayes_toks", "what anna's filter learned, at length"),
            NamedFile::new("user_prefs", "required_score 5\n"),
        ],
        ..SpamSpec::default()
    });
    let contact = BTreeMap::from([
        ("name".to_owned(), "Smith".to_owned()),
        ("first-name".to_owned(), "Jo".to_owned()),
        ("email".to_owned(), "jo@example.net".to_owned()),
    ]);
    anna.address_book =
        Some(AddressBookSpec { contacts: vec![contact], ..AddressBookSpec::default() });

    let mut bert = MailboxSpec::new("bert").with_files(vec![message]);
    bert.password = Some(secret());
    bert.forwards = vec!["bert@elsewhere.example".into()];
    bert.forwarding_enabled = true;
    bert.spam = Some(SpamSpec {
        enabled: true,
        action: "delete".into(),
        hits: "9.5".into(),
        black_list: vec!["*@friend.example".into()],
        files: vec![NamedFile::new("bayes_toks", "bert's, shorter")],
        ..SpamSpec::default()
    });

    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.system_password = Some(secret());
    subscription.hosting = plesk_fixture::Hosting::None;
    subscription.aliases = vec![DomainAliasSpec::new("alias.example")];
    subscription.mailboxes = vec![anna, bert];
    subscription.catch_all = Some("bounce:Nobody here".into());
    subscription.dkim = Some(DkimSpec {
        enabled: true,
        public_key: public_half(KEY),
        private_key: Some(KEY.to_owned()),
    });
    subscription.mailing_lists = vec![MailingListSpec {
        name: "news".into(),
        owners: vec!["anna@example.com".into()],
        recipients: vec![RecipientSpec {
            address: "reader@example.net".into(),
            full_name: Some("Reader, \"The\"".into()),
        }],
        archive: vec![file(
            "news.mbox/news.mbox",
            "From a@b Mon Jan  1 00:00:00 2024\n\nold news\n",
        )],
        ..MailingListSpec::default()
    }];
    Spec {
        level: plesk_fixture::Level::Subscription,
        subscriptions: vec![subscription],
        ..Spec::default()
    }
}

struct Converted {
    place: Place,
    report: serde_json::Value,
}

impl Converted {
    fn new() -> Converted {
        let place = Place::new();
        place.pack("backup.tar", &rich());
        let run = place.run(&["convert", "backup.tar", "--output", "out"]);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        let report = place.report("out");
        Converted { place, report }
    }

    fn member(&self, name: &str) -> String {
        let member = format!("cpmove-examplecom/{name}");
        let bytes = tar(&["-xzO", &member, "-f"], &self.place.path("out/cpmove-examplecom.tar.gz"));
        String::from_utf8(bytes).unwrap()
    }

    fn settings(&self) -> Vec<(String, String, String)> {
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        self.report["accounts"][0]["settings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| (text(&entry["object"]), text(&entry["setting"]), text(&entry["outcome"])))
            .collect()
    }

    fn finding(&self, part: &str) -> bool {
        self.report["accounts"][0]["findings"]
            .as_array()
            .unwrap()
            .iter()
            .any(|finding| finding["text"].as_str().unwrap().contains(part))
    }
}

#[test]
fn every_setting_arrives_or_is_named() {
    let converted = Converted::new();

    // The autoresponder: its text, when it answers, and the line that turns it on.
    assert_eq!(
        converted.member("homedir/.autorespond/anna@example.com"),
        "From: anna@example.com\nContent-type: text/plain; charset=utf-8\nSubject: Re: %subject%\n\nBack on Monday.\n"
    );
    // Two days between answers; 2030-01-01 is second 1893456000.
    assert_eq!(
        converted.member("homedir/.autorespond/anna@example.com.json"),
        "{\"start\":null,\"interval\":\"48\",\"stop\":1893456000}"
    );
    assert_eq!(
        converted.member("va/example.com"),
        "anna@example.com: \"|/usr/local/cpanel/bin/autorespond anna@example.com /home/examplecom/.autorespond\"\n\
         bert@example.com: bert@elsewhere.example\n\
         contact@example.com: anna@example.com\n\
         *: :fail: Nobody here\n"
    );
    assert_eq!(converted.member("vad/alias.example"), "alias.example: example.com\n");
    let beside = "homedir/from-plesk/example.com/anna";
    assert!(
        converted.member(&format!("{beside}/autoresponder-2.txt")).ends_with("\nan old answer\n")
    );
    assert_eq!(converted.member(&format!("{beside}/@attachments/map.pdf")), "%PDF");

    // Spam: the highest threshold, joined lists, a white entry on no black list.
    assert_eq!(
        converted.member("homedir/.spamassassin/user_prefs"),
        "required_score 9.5\nwhitelist_from *@friend.example\nblacklist_from *@foe.example\n"
    );
    assert_eq!(converted.member("homedir/.spamassassinboxenable"), "");
    let bert = converted.member("homedir/etc/example.com/bert/filter.yaml");
    assert!(bert.contains("Delete spam") && bert.contains("/dev/null"), "{bert}");

    // What the filter learned: the larger set is the account's, the other is kept.
    assert_eq!(
        converted.member("homedir/.spamassassin/bayes_toks"),
        "what anna's filter learned, at length"
    );
    assert_eq!(
        converted.member("homedir/from-plesk/example.com/bert/.spamassassin/bayes_toks"),
        "bert's, shorter"
    );

    // Filters: two that can be said, two that can't and are named with their text.
    let yaml = converted.member("homedir/etc/example.com/anna/filter.yaml");
    assert!(yaml.contains("Bills") && yaml.contains("Boss"), "{yaml}");
    assert!(!yaml.contains("Large") && !yaml.contains("Flagged"), "{yaml}");
    assert!(converted.finding("size :over 1M") && converted.finding("addflag"));
    assert_eq!(converted.member(&format!("{beside}/sieve/roundcube.sieve")), SCRIPT);

    // The key, the address book, the list.
    let private = converted.member("domainkeys/private/example.com");
    assert_eq!(
        private.split_whitespace().collect::<String>(),
        KEY.split_whitespace().collect::<String>()
    );
    let book = converted.member(&format!("{beside}/addressbook.vcf"));
    assert!(
        book.contains("FN:Jo Smith\r\n") && book.contains("EMAIL;TYPE=INTERNET:jo@example.net\r\n")
    );
    assert_eq!(
        converted.member("homedir/from-plesk/example.com/news/list-members.csv"),
        "role,address,name\r\n\"owner\",\"anna@example.com\",\"\"\r\n\
         \"member\",\"reader@example.net\",\"Reader, \"\"The\"\"\"\r\n"
    );
}

#[test]
fn a_list_becomes_a_forwarder_when_asked_and_its_archive_is_kept() {
    let place = Place::new();
    place.pack("backup.tar", &rich());
    let arguments = ["convert", "backup.tar", "--output", "out", "--lists-as-forwarders"];
    assert_eq!(place.run(&arguments).status, Some(3));
    let report = place.report("out");
    let converted = Converted { place, report };
    let aliases = converted.member("va/example.com");
    assert!(aliases.contains("news@example.com: reader@example.net\n"), "{aliases}");
    assert_eq!(
        std::fs::read_to_string(converted.place.path("out/list-members-examplecom.csv")).unwrap(),
        "list,role,address,name\r\n\"news@example.com\",\"owner\",\"anna@example.com\",\"\"\r\n\
         \"news@example.com\",\"member\",\"reader@example.net\",\"Reader, \"\"The\"\"\"\r\n"
    );
    let archive = converted.member("homedir/from-plesk/example.com/lists/news.mbox/news.mbox");
    assert!(archive.ends_with("\n\nold news\n"), "{archive}");
}

/// Walks the XML, not the code: whatever stands below a mail account or a mail system must be in
/// the report under its name.
#[test]
fn no_setting_of_the_xml_is_missing_in_the_report() {
    let converted = Converted::new();
    let tree = converted.place.path("tree");
    plesk_fixture::pack_directory(&rich(), &tree).unwrap();
    let script = r#"
import sys, xml.etree.ElementTree as ET
root = ET.parse(sys.argv[1]).getroot()
for system in root.iter("mailsystem"):
    preferences = system.find("preferences")
    for element in (preferences if preferences is not None else []):
        print("example.com", element.tag)
    for user in system.iter("mailuser"):
        address = user.get("name") + "@example.com"
        for element in user.find("preferences"):
            print(address, element.tag)
for lists in root.iter("maillists"):
    for one in lists.iter("maillist"):
        print(one.get("name") + "@example.com", "maillist")
"#;
    let output = Command::new("python3")
        .args(["-c", script])
        .arg(tree.join("backup_info_2401151030.xml"))
        .output()
        .expect("Python is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let xml: BTreeSet<(String, String)> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .map(|(object, setting)| (object.to_owned(), setting.to_owned()))
        .collect();
    assert!(xml.len() > 12, "the backup is rich: {xml:?}");
    let reported: BTreeSet<(String, String)> = converted
        .settings()
        .into_iter()
        .map(|(object, setting, _)| {
            // The element holds several of them.
            let setting =
                if setting == "autoresponder" { "autoresponders".to_owned() } else { setting };
            (object, setting)
        })
        .collect();
    let missing: Vec<_> = xml.difference(&reported).collect();
    assert!(missing.is_empty(), "not in the report: {missing:?}");
}

/// Mail that is signed with the converted key verifies against the record that the old one had.
#[test]
fn mail_signed_with_the_converted_key_verifies_against_the_old_record() {
    let converted = Converted::new();
    let key = converted.member("domainkeys/private/example.com");
    let path = converted.place.write("key.pem", key.as_bytes());
    let script = r#"
import sys, dkim
message = b"From: anna@example.com\r\nTo: b@example.net\r\nSubject: hello\r\n\r\nsigned\r\n"
signature = dkim.sign(message, b"default", b"example.com", open(sys.argv[1], "rb").read())
def record(of):
    return lambda name, timeout=5: b"v=DKIM1; k=rsa; p=" + of if name == b"default._domainkey.example.com." else None
assert dkim.verify(signature + message, dnsfunc=record(sys.argv[2].encode())), "the old record"
assert not dkim.verify(signature + message.replace(b"signed", b"forged"), dnsfunc=record(sys.argv[2].encode()))
"#;
    // Debian's Python, which has Debian's dkimpy.
    let output = Command::new("/usr/bin/python3")
        .args(["-c", script, path.to_str().unwrap(), &public_half(KEY)])
        .output()
        .expect("Python is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Every text member of the rich account, for a reviewer.
#[test]
fn the_whole_account_reads_well() {
    let converted = Converted::new();
    let archive = converted.place.path("out/cpmove-examplecom.tar.gz");
    insta::assert_snapshot!("rich-account", crate::golden::readable(&archive));
    let report = std::fs::read_to_string(converted.place.path("out/report.json")).unwrap();
    insta::assert_snapshot!("rich-report", report.replace(env!("CARGO_PKG_VERSION"), "[VERSION]"));
}
