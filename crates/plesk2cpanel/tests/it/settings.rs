//! Every mail setting of a rich backup: where it ends, and that the report accounts for each.

use std::collections::BTreeSet;
use std::process::Command;

use plesk_fixture::{MailLayout, Spec};

use crate::rich::rich;
use crate::rich::settings::{KEY, SCRIPT};
use crate::rich::stored::{self, COMPRESSED, FOLDERS, SUBSCRIPTIONS, TEXT};
use crate::support::{Place, tar};

const ARCHIVE: &str = "out/cpmove-exampleuser.tar.gz";

struct Converted {
    place: Place,
    report: serde_json::Value,
}

impl Converted {
    fn new() -> Converted {
        Converted::of(&rich(), &[])
    }

    fn of(backup: &Spec, options: &[&str]) -> Converted {
        let place = Place::new();
        place.pack("backup.tar", backup);
        let run = place.run(&[&["convert", "backup.tar", "--output", "out"], options].concat());
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        let report = place.report("out");
        Converted { place, report }
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        let member = format!("cpmove-exampleuser/{name}");
        tar(&["-xzO", "--no-wildcards", &member, "-f"], &self.place.path(ARCHIVE))
    }

    fn member(&self, name: &str) -> String {
        String::from_utf8(self.bytes(name)).unwrap()
    }

    fn line(&self, name: &str, start: &str) -> String {
        let text = self.member(name);
        let mut lines = text.lines().filter(|line| line.starts_with(start));
        let line = lines.next().unwrap_or_else(|| panic!("no `{start}` in {name}: {text}"));
        assert_eq!(lines.next(), None, "{start}");
        line.to_owned()
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
fn autoresponders_answer_as_before() {
    let converted = Converted::new();
    assert_eq!(
        converted.member("homedir/.autorespond/petra@example.com"),
        "From: petra@example.com\nContent-type: text/plain; charset=utf-8\nSubject: Re: %subject%\n\nBack on Monday.\n"
    );
    // Two days between answers; 2030-01-01 is second 1893456000.
    assert_eq!(
        converted.member("homedir/.autorespond/petra@example.com.json"),
        "{\"start\":null,\"interval\":\"48\",\"stop\":1893456000}"
    );
    assert_eq!(
        converted.line("va/example.com", "petra@"),
        "petra@example.com: \"|/usr/local/cpanel/bin/autorespond petra@example.com /home/exampleuser/.autorespond\""
    );
    let beside = "homedir/from-plesk/example.com/petra";
    assert!(
        converted.member(&format!("{beside}/autoresponder-2.txt")).ends_with("\nan old answer\n")
    );
    assert_eq!(converted.member(&format!("{beside}/@attachments/map.pdf")), "%PDF");

    // HTML in another charset, with a subject outside ASCII; no frequency is once a day.
    let html = converted.member("homedir/.autorespond/hedwig@example.com");
    assert!(html.contains("\nContent-type: text/html; charset=utf-8\n"), "{html}");
    assert!(html.contains("Grüße: %subject%"), "{html}");
    assert!(html.ends_with("\n\n<p>Danke für Ihre Mail</p>\n"), "{html}");
    assert_eq!(
        converted.member("homedir/.autorespond/hedwig@example.com.json"),
        "{\"start\":null,\"interval\":\"24\",\"stop\":null}"
    );

    // A vacation rule of a webmail.
    assert_eq!(
        converted.member("homedir/.autorespond/klaus@example.com"),
        "From: klaus@example.com\nContent-type: text/plain; charset=utf-8\nSubject: Away\n\nI am on holidays."
    );
    assert_eq!(
        converted.member("homedir/.autorespond/klaus@example.com.json"),
        "{\"start\":null,\"interval\":\"72\",\"stop\":null}"
    );
}

#[test]
fn quotas_are_the_mailboxes_own_or_the_subscriptions() {
    let converted = Converted::new();
    let quota = |local: &str| {
        let line = converted.line("homedir/etc/example.com/quota", &format!("{local}:"));
        line.rsplit(':').next().unwrap().to_owned()
    };
    assert_eq!(quota("petra"), (1_u64 << 30).to_string());
    assert_eq!(quota("anna"), (200_u64 << 20).to_string());
    let text = converted.member("homedir/etc/example.com/quota");
    assert!(!text.contains("klaus:"), "no limit: {text}");
}

#[test]
fn spam_settings_are_merged_by_the_rules_of_the_documentation() {
    let converted = Converted::new();
    // The highest threshold, joined lists, a white entry on no black list.
    assert_eq!(
        converted.member("homedir/.spamassassin/user_prefs"),
        "required_score 9.5\nwhitelist_from *@friend.example\nblacklist_from *@foe.example\n"
    );
    assert_eq!(converted.member("homedir/.spamassassinboxenable"), "");
    let klaus = converted.member("homedir/etc/example.com/klaus/filter.yaml");
    assert!(klaus.contains("Delete spam") && klaus.contains("/dev/null"), "{klaus}");
    assert!(converted.finding("***SPAM***"), "marks in the subject are told");
    for exception in ["*@fair.example", "*@unfair.example"] {
        assert!(converted.finding(exception), "{exception}");
    }
    // What the filter learned: the larger set is the account's, the other is kept.
    assert_eq!(
        converted.member("homedir/.spamassassin/bayes_toks"),
        "what petra's filter learned, at length"
    );
    assert_eq!(
        converted.member("homedir/from-plesk/example.com/klaus/.spamassassin/bayes_toks"),
        "klaus's, shorter"
    );
}

#[test]
fn filters_books_and_lists_arrive_or_are_named() {
    let converted = Converted::new();
    let beside = "homedir/from-plesk/example.com/petra";
    // Filters: two that can be said, two that can't and are named with their text.
    let yaml = converted.member("homedir/etc/example.com/petra/filter.yaml");
    assert!(yaml.contains("Bills") && yaml.contains("Boss"), "{yaml}");
    assert!(!yaml.contains("Large") && !yaml.contains("Flagged"), "{yaml}");
    assert!(converted.finding("size :over 1M") && converted.finding("addflag"));
    assert_eq!(converted.member(&format!("{beside}/sieve/roundcube.sieve")), SCRIPT);

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
    let converted = Converted::of(&rich(), &["--lists-as-forwarders"]);
    let line = converted.line("va/example.com", "news@");
    assert_eq!(line, "news@example.com: reader@example.net");
    assert_eq!(
        std::fs::read_to_string(converted.place.path("out/list-members-exampleuser.csv")).unwrap(),
        "list,role,address,name\r\n\"news@example.com\",\"owner\",\"anna@example.com\",\"\"\r\n\
         \"news@example.com\",\"member\",\"reader@example.net\",\"Reader, \"\"The\"\"\"\r\n"
    );
    let archive = converted.member("homedir/from-plesk/example.com/lists/news.mbox/news.mbox");
    assert!(archive.ends_with("\n\nold news\n"), "{archive}");
}

/// Compressed messages, names from other systems, flags in `new/`, sizes that lie: all come out
/// plain and right, with the UIDs that they had.
#[test]
fn mail_is_written_plain_whatever_way_it_was_stored() {
    let converted = Converted::new();
    let attic = "homedir/mail/example.com/attic";
    let list = converted.member(&format!("{attic}/dovecot-uidlist"));
    assert_eq!(list.lines().next(), Some("3 V1700000000 N20"));
    let name_of = |uid: u32| {
        let line = list.lines().skip(1).find(|line| line.starts_with(&format!("{uid} ")));
        let line = line.unwrap_or_else(|| panic!("UID {uid}: {list}"));
        assert!(line.contains(&format!(" P{uid:08x}6553f100 ")), "the name it had: {line}");
        line.split_once(" :").unwrap().1.to_owned()
    };
    for (uid, method) in (1..).zip(COMPRESSED) {
        let name = name_of(uid);
        assert_eq!(name, stored::base(uid, stored::plain(method).len()), "{method}");
        let bytes = converted.bytes(&format!("{attic}/cur/{name}:2,S"));
        assert!(bytes == stored::plain(method), "{method}");
    }
    let size = TEXT.len();
    for (path, uid) in [
        (format!("cur/{}:2,RS", stored::base(5, size)), 5),
        (format!("new/{}:2,FS", stored::base(6, size)), 6),
        // The size that lies is gone from the name; list and name still belong together.
        ("cur/1700000007.M7P1.old:2,".to_owned(), 7),
    ] {
        assert_eq!(converted.member(&format!("{attic}/{path}")), TEXT, "{path}");
        let base = path.split('/').nth(1).unwrap().split(":2,").next().unwrap().to_owned();
        assert_eq!(name_of(uid), base);
    }
}

/// A client that knows a folder finds it under its old name, with its numbers.
#[test]
fn special_folders_keep_their_names_and_subscriptions_their_order() {
    let converted = Converted::new();
    let attic = "homedir/mail/example.com/attic";
    for (number, folder) in (1..).zip(FOLDERS) {
        let list = converted.member(&format!("{attic}/.{folder}/dovecot-uidlist"));
        let head = format!("3 V{} N12\n", 1_700_000_100 + number);
        assert!(list.starts_with(&head), "{folder}: {list}");
        assert!(list.contains("\n11 "), "{folder}: {list}");
    }
    assert_eq!(converted.member(&format!("{attic}/subscriptions")), SUBSCRIPTIONS);
}

/// What lies beside a maildir can be packed in archives of its own.
#[test]
fn files_in_archives_of_their_own_arrive_as_well() {
    let mut backup = rich();
    backup.mail_layout = MailLayout::Mailbox;
    // An address that only answers has attachments as well.
    let robot =
        backup.subscriptions[0].mailboxes.iter_mut().find(|one| one.name == "robot").unwrap();
    robot.autoresponders[0].attachments = vec!["plan.txt".into()];
    robot.attachments = vec![plesk_fixture::NamedFile::new("plan.txt", "the plan")];
    let converted = Converted::of(&backup, &[]);
    let beside = "homedir/from-plesk/example.com";
    for (member, text) in [
        (format!("{beside}/petra/@attachments/map.pdf"), "%PDF"),
        (format!("{beside}/robot/@attachments/plan.txt"), "the plan"),
        (format!("{beside}/klaus/.spamassassin/bayes_toks"), "klaus's, shorter"),
        ("homedir/.spamassassin/bayes_toks".to_owned(), "what petra's filter learned, at length"),
    ] {
        assert_eq!(converted.member(&member), text, "{member}");
    }
}

/// Walks the XML, not the code: whatever stands below a mail account, a mail system, a list or a
/// domain alias must be in the report under its name, and each attribute of a mail account, too.
#[test]
fn no_setting_of_the_xml_is_missing_in_the_report() {
    let converted = Converted::new();
    let tree = converted.place.path("tree");
    plesk_fixture::pack_directory(&rich(), &tree).unwrap();
    let script = r#"
import sys, xml.etree.ElementTree as ET
def mail(owner, domain):
    system = owner.find("mailsystem")
    if system is None:
        return
    print(domain, "mail", sep="\t")
    for element in system.find("preferences"):
        print(domain, element.tag, sep="\t")
    for user in system.find("mailusers"):
        address = user.get("name").lower() + "@" + domain.encode("idna").decode()
        for element in list(user.find("preferences")) + list(user.find("properties")):
            print(address, element.tag, sep="\t")
        forwards = {"forwarding", "redirect", "mailgroup-member"} & {one.tag for one in user.find("preferences")}
        for attribute in user.keys():
            # What names the account, and the login to Plesk's own panel; a switch without a target.
            if attribute in ("id", "name", "guid", "owner-guid", "cp-access-default"):
                continue
            if attribute != "forwarding-enabled" or forwards:
                print(address, attribute, sep="\t")
root = ET.parse(sys.argv[1]).getroot()
domain = root.find(".//domain")
for owner in [domain] + list(domain.iter("site")):
    name = owner.get("name")
    mail(owner, name)
    for alias in owner.findall("preferences/domain-alias"):
        print(alias.get("name"), "domain-alias", sep="\t")
    for one in owner.findall("maillists/maillist"):
        print(one.get("name") + "@" + name, "maillist", sep="\t")
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
        .map(|line| line.split_once('\t').unwrap())
        .map(|(object, setting)| (object.to_owned(), setting.to_owned()))
        .collect();
    let names: BTreeSet<&str> = xml.iter().map(|(_, setting)| setting.as_str()).collect();
    for name in [
        "addressbook",
        "alias",
        "autoresponders",
        "catch-all",
        "descriptions",
        "domain-alias",
        "domain-keys",
        "forwarding",
        "forwarding-enabled",
        "grey-listing",
        "mailbox",
        "mailbox-quota",
        "mailgroup-member",
        "maillist",
        "outgoing-messages",
        "password",
        "redirect",
        "spamassassin",
        "virusfilter",
        "web-mail",
    ] {
        assert!(names.contains(name), "the backup is rich: {name}");
    }
    let reported: BTreeSet<(String, String)> =
        converted.settings().into_iter().map(|(object, setting, _)| (object, setting)).collect();
    let logins: BTreeSet<&str> = converted.report["accounts"][0]["mailboxes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|mailbox| mailbox["login"].is_string())
        .map(|mailbox| mailbox["address"].as_str().unwrap())
        .collect();
    let missing: Vec<_> = xml
        .iter()
        .filter(|(object, setting)| {
            let name = match setting.as_str() {
                "password" => return !logins.contains(object.as_str()),
                // The element holds several of them.
                "autoresponders" => "autoresponder",
                // Three names of one thing in the course of time, and its switch.
                "redirect" | "mailgroup-member" | "forwarding-enabled" => "forwarding",
                other => other,
            };
            !reported.contains(&(object.clone(), name.to_owned()))
        })
        .collect();
    assert!(missing.is_empty(), "not in the report: {missing:#?}");
}

/// Mail that is signed with the converted key verifies against the record that the backup's zone
/// holds, so that nothing must change in the DNS.
#[test]
fn mail_signed_with_the_converted_key_verifies_against_the_old_record() {
    let converted = Converted::new();
    let key = converted.member("domainkeys/private/example.com");
    let path = converted.place.write("key.pem", key.as_bytes());
    let tree = converted.place.path("tree");
    plesk_fixture::pack_directory(&rich(), &tree).unwrap();
    let script = r#"
import sys, dkim, xml.etree.ElementTree as ET
message = b"From: anna@example.com\r\nTo: b@example.net\r\nSubject: hello\r\n\r\nsigned\r\n"
signature = dkim.sign(message, b"default", b"example.com", open(sys.argv[1], "rb").read())
zone = {one.get("src"): one.get("dst") for one in ET.parse(sys.argv[2]).getroot().iter("dnsrec")
        if one.get("type") == "TXT"}
def record(name, timeout=5):
    return zone[name.decode()].encode()
assert dkim.verify(signature + message, dnsfunc=record), "the old record"
assert not dkim.verify(signature + message.replace(b"signed", b"forged"), dnsfunc=record)
"#;
    // Debian's Python, which has Debian's dkimpy.
    let output = Command::new("/usr/bin/python3")
        .args(["-c", script, path.to_str().unwrap()])
        .arg(tree.join("backup_info_2401151030.xml"))
        .output()
        .expect("Python is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A key in cPanel's place would sign; one that is not to do so is no less the customer's.
#[test]
fn a_dkim_key_that_is_not_used_is_kept() {
    for (enabled, key, why) in [
        (false, KEY, "mail was not signed"),
        (false, "no key", "the backup's key can't be used"),
        (true, "no key", "the backup's key can't be used"),
    ] {
        let mut backup = rich();
        backup.subscriptions[0].dkim = Some(plesk_fixture::DkimSpec {
            enabled,
            private_key: Some(key.to_owned()),
            ..crate::rich::settings::dkim()
        });
        let converted = Converted::of(&backup, &[]);
        let path = "homedir/from-plesk/example.com/domainkey.pem";
        assert_eq!(converted.member(path), key);
        let names = tar(&["-tvzf"], &converted.place.path(ARCHIVE));
        let names = String::from_utf8(names).unwrap();
        assert!(!names.contains("domainkeys/private/example.com"), "{names}");
        let line = names.lines().find(|line| line.ends_with(path)).unwrap();
        assert!(line.starts_with("-rw------- "), "{line}");
        let rows = converted.report["accounts"][0]["settings"].as_array().unwrap();
        let row = rows.iter().find(|row| row["setting"] == "domain-keys").unwrap();
        let detail = row["detail"].as_str().unwrap();
        assert!(row["outcome"] == "skipped" && detail.starts_with(why), "{row}");
        assert!(detail.ends_with(&format!("the key is kept in the home as {path}")), "{row}");
        assert_eq!(converted.finding("DKIM: "), enabled, "a key that was in use is missed");
    }
}

/// Every text member of the rich account, for a reviewer.
#[test]
fn the_whole_account_reads_well() {
    let converted = Converted::new();
    let archive = converted.place.path(ARCHIVE);
    insta::assert_snapshot!("rich-account", crate::golden::readable(&archive));
    let report = std::fs::read_to_string(converted.place.path("out/report.json")).unwrap();
    insta::assert_snapshot!("rich-report", report.replace(env!("CARGO_PKG_VERSION"), "[VERSION]"));
}
