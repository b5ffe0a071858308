//! Where mail for each address of a rich backup goes: a real Exim, which reads the archive as
//! cPanel's does, against what Plesk would have done.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use plesk_fixture::Spec;

use crate::rich::addresses::unwritable;
use crate::rich::{named, rich};
use crate::support::Place;

/// The settings of an Exim that keeps to the directory; the routers stand behind.
const SETTINGS: &str = "\
PLACE = [PLACE]
ACCOUNT = exampleuser
spool_directory = PLACE/spool
log_file_path = PLACE/%slog
primary_hostname = host.example
qualify_domain = host.example
keep_environment =
";
const ROUTERS: &str = include_str!("../../../../fixtures/exim/routers.conf");

const OFF: &str = "refused: This address does not take mail at present.";
const NOBODY: &str = "refused: Nobody here, ask info";

/// What Plesk does with mail for each address of the main domain, written by Plesk's rules:
/// a mailbox that is on stores; a forward that is on forwards, and a mailbox beside it keeps a
/// copy; an alias is another name of the whole address; an autoresponder that is on answers;
/// everything else goes by the catch-all, which here is `bounce` with a text.
const MAIN: &[(&str, &[&str])] = &[
    ("anna", &["stored: anna@example.com"]),
    ("contact", &["stored: anna@example.com"]),
    ("office", &["stored: anna@example.com"]),
    // Stored and forwarded, also by its alias; the target of its own domain has no `@`.
    (
        "bert",
        &[
            "sent: Bert.Copy@elsewhere.example",
            "stored: anna@example.com",
            "stored: bert@example.com",
        ],
    ),
    (
        "b",
        &[
            "sent: Bert.Copy@elsewhere.example",
            "stored: anna@example.com",
            "stored: bert@example.com",
        ],
    ),
    // The forward is there and switched off.
    ("carla", &["stored: carla@example.com"]),
    // Plesk shows `Doris`; mail knows no capitals.
    ("doris", &["stored: doris@example.com"]),
    // cPanel takes `+news` for a folder of `emil`: the mailbox has another name, and the old address
    // leads to it. That there is an `emil` and an `emil-news` already changes neither.
    ("emil", &["stored: emil@example.com"]),
    ("emil+news", &["sent: emil@elsewhere.example", "stored: emil-news-2@example.com"]),
    ("emil-news", &["stored: emil-news@example.com"]),
    ("newsletter", &["sent: emil@elsewhere.example", "stored: emil-news-2@example.com"]),
    // A name that cPanel keeps for itself; it answers in its new name.
    ("shadow", &["answered: shadow-2@example.com", "stored: shadow-2@example.com"]),
    ("o'neil", &["stored: o-neil@example.com"]),
    // Forwards without a mailbox.
    ("forward", &["sent: one@elsewhere.example"]),
    ("forward+tag", &["sent: tag@elsewhere.example"]),
    ("f", &["sent: one@elsewhere.example"]),
    ("abroad", &["sent: x@xn--mller-kva.example", "stored: info@xn--bcher-kva.example"]),
    // To an address that forwards, to an alias and to a mailbox: each gets one copy.
    (
        "chain",
        &[
            "sent: Bert.Copy@elsewhere.example",
            "sent: one@elsewhere.example",
            "stored: anna@example.com",
            "stored: bert@example.com",
        ],
    ),
    // Two that forward to each other: each keeps its copy, and it ends there.
    ("ping", &["stored: ping@example.com", "stored: pong@example.com"]),
    ("pong", &["stored: ping@example.com", "stored: pong@example.com"]),
    // Before Plesk 11 the elements had other names.
    ("redirect", &["sent: old@elsewhere.example"]),
    ("mailgroup", &["sent: member@elsewhere.example", "stored: anna@example.com"]),
    ("mailgroup-off", &[NOBODY]),
    // Answers.
    ("gerda", &["answered: gerda@example.com", "stored: gerda@example.com"]),
    ("away", &["answered: away@example.com", "sent: deputy@elsewhere.example"]),
    ("holiday", &["answered: away@example.com", "sent: deputy@elsewhere.example"]),
    ("robot", &["answered: robot@example.com"]),
    ("machine", &["answered: robot@example.com"]),
    ("silent", &["stored: silent@example.com"]),
    ("handover", &["answered: handover@example.com", "sent: x@xn--mller-kva.example"]),
    // The mailbox was off, and nothing else took its mail.
    ("off", &[OFF]),
    // Plesk only forwarded. Here the mailbox with the old mail keeps a copy, too.
    ("moved", &["sent: moved@elsewhere.example", "stored: moved@example.com"]),
    // No `mailbox` element any more, and mail on the disk: the same.
    ("former", &["sent: former@elsewhere.example", "stored: former@example.com"]),
    // Neither mailbox nor forward nor answer: as if the address were not there.
    ("nothing", &[NOBODY]),
    ("nothing-alias", &[NOBODY]),
    // Beside an answer from a webmail's vacation rule.
    (
        "klaus",
        &[
            "answered: klaus@example.com",
            "sent: klaus@elsewhere.example",
            "stored: klaus@example.com",
        ],
    ),
    ("petra", &["answered: petra@example.com", "stored: petra@example.com"]),
    ("desk", &["answered: petra@example.com", "stored: petra@example.com"]),
    ("hedwig", &["answered: hedwig@example.com", "stored: hedwig@example.com"]),
    ("attic", &["stored: attic@example.com"]),
    // A mailing list, which is not set up.
    ("news", &[NOBODY]),
    ("never.seen", &[NOBODY]),
];

/// The other domains.
const OTHERS: &[(&str, &[&str])] = &[
    // Add-on domain: what is unknown goes to an address of the main domain, by its alias.
    ("hello@addon.example", &["stored: hello@addon.example"]),
    ("anna@addon.example", &["stored: anna@addon.example"]),
    ("team@addon.example", &["stored: anna@addon.example", "stored: hello@addon.example"]),
    ("never.seen@addon.example", &["stored: anna@example.com"]),
    // Its alias, which cPanel parks on the main domain: mail still is the add-on domain's.
    ("hello@second.example", &["stored: hello@addon.example"]),
    ("anna@second.example", &["stored: anna@addon.example"]),
    ("never.seen@second.example", &["stored: anna@example.com"]),
    // Subdomain: `reject`.
    ("orders@shop.example.com", &["stored: orders@shop.example.com"]),
    ("anna@shop.example.com", &["refused: No Such User Here"]),
    // Nothing said: refused, as Plesk's default is.
    ("solo@plain.example", &["stored: solo@plain.example"]),
    ("never.seen@plain.example", &["refused: No Such User Here"]),
    // IDN: thrown away.
    ("info@xn--bcher-kva.example", &["stored: info@xn--bcher-kva.example"]),
    ("never.seen@xn--bcher-kva.example", &["discarded"]),
    // A foreign address gets what is unknown.
    ("solo@open.example", &["stored: solo@open.example"]),
    ("never.seen@open.example", &["sent: Rest@xn--mller-kva.example"]),
    // Mail was switched off: it goes where the MX points, and the mailbox is kept.
    ("paula@remote.example", &["sent: paula@remote.example"]),
    ("never.seen@remote.example", &["sent: never.seen@remote.example"]),
    // A suspended domain: its mail is kept, what comes is stored, and nobody gets in.
    ("quentin@closed.example", &["stored: quentin@closed.example"]),
    ("q@closed.example", &["stored: quentin@closed.example"]),
    // An alias that is for the web alone, and one that is off: none of their mail is ours.
    ("anna@web.example", &["sent: anna@web.example"]),
    ("anna@dead.example", &["sent: anna@dead.example"]),
];

/// Every address of these domains is one of the main domain.
const ALIASES: [&str; 2] = ["alias.example", "xn--grn-ioa.example"];

struct Converted {
    place: Place,
    report: serde_json::Value,
}

impl Converted {
    fn new() -> Converted {
        Converted::of(&rich())
    }

    /// Converts a backup, and has GNU tar unpack the archive.
    fn of(backup: &Spec) -> Converted {
        let place = Place::new();
        place.pack("backup.tar", backup);
        let run = place.run(&["convert", "backup.tar", "--output", "out"]);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        let status = Command::new("tar")
            .args(["-xzf", "out/cpmove-exampleuser.tar.gz"])
            .current_dir(place.path(""))
            .status()
            .expect("GNU tar is installed");
        assert!(status.success());
        let report = place.report("out");
        let converted = Converted { place, report };
        let settings = SETTINGS.replace("[PLACE]", converted.path("").to_str().unwrap());
        converted.place.write("exim.conf", format!("{settings}{ROUTERS}").as_bytes());
        converted
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path("cpmove-exampleuser").join(name)
    }

    /// What happens to mail for an address, by Exim; sorted.
    #[track_caller]
    fn fates(&self, address: &str) -> BTreeSet<String> {
        let output = Command::new("/usr/sbin/exim4")
            .arg("-C")
            .arg(self.place.path("exim.conf"))
            .args(["-bt", address])
            .output()
            .expect("Exim is installed; scripts/install-test-tools gets it");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{address}");
        let text = String::from_utf8(output.stdout).unwrap();
        let mut fates = BTreeSet::new();
        let mut recipient = "";
        for line in text.lines() {
            let fate = if let Some((_, command)) = line.split_once(" -> |") {
                recipient = "";
                self.answered(command)
            } else if let Some((_, transport)) = line.split_once("transport = ") {
                match transport {
                    _ if recipient.is_empty() => continue,
                    "inbox" => self.stored(recipient),
                    "remote" => format!("sent: {recipient}"),
                    other => panic!("{address}: {other}: {text}"),
                }
            } else if let Some((_, why)) = line.split_once(" is undeliverable: ") {
                format!("refused: {why}")
            } else if line.starts_with("mail to ") && line.ends_with(" is discarded") {
                "discarded".to_owned()
            } else {
                if !line.starts_with(' ') {
                    // A recipient that is found twice gets one copy.
                    let twice = line.contains("[duplicate");
                    recipient = if twice { "" } else { line.split(' ').next().unwrap() };
                }
                continue;
            };
            assert!(fates.insert(fate), "twice: {text}");
        }
        assert!(!fates.is_empty(), "{address}: {text}");
        fates
    }

    /// A mailbox counts if the list of mailboxes leads to a maildir that is there.
    fn stored(&self, address: &str) -> String {
        let (local, domain) = address.rsplit_once('@').unwrap();
        let (local, domain) = (local.to_lowercase(), domain.to_lowercase());
        let path = self.path("homedir/etc").join(&domain).join("passwd");
        let list = std::fs::read_to_string(path).unwrap();
        let line = list.lines().find(|line| line.starts_with(&format!("{local}:"))).unwrap();
        let maildir = line.split(':').nth(5).unwrap();
        let below = maildir.strip_prefix("/home/exampleuser/").unwrap();
        for name in ["cur", "new", "tmp"] {
            assert!(self.path("homedir").join(below).join(name).is_dir(), "{maildir}/{name}");
        }
        format!("stored: {local}@{domain}")
    }

    /// An answer counts if its text and its times are there.
    fn answered(&self, command: &str) -> String {
        let words: Vec<&str> = command.split(' ').collect();
        let [program, address, directory] = words[..] else { panic!("{command}") };
        assert_eq!(program, "/usr/local/cpanel/bin/autorespond");
        assert_eq!(directory, "/home/exampleuser/.autorespond");
        for name in [address.to_owned(), format!("{address}.json")] {
            assert!(self.path("homedir/.autorespond").join(&name).is_file(), "{name}");
        }
        format!("answered: {address}")
    }

    fn outcome(&self, object: &str, setting: &str) -> Vec<&str> {
        let settings = self.report["accounts"][0]["settings"].as_array().unwrap();
        settings
            .iter()
            .filter(|entry| entry["object"] == object && entry["setting"] == setting)
            .map(|entry| entry["outcome"].as_str().unwrap())
            .collect()
    }

    fn codes(&self, object: &str) -> BTreeSet<&str> {
        let findings = self.report["accounts"][0]["findings"].as_array().unwrap();
        findings
            .iter()
            .filter(|finding| finding["object"] == object)
            .map(|finding| finding["code"].as_str().unwrap())
            .collect()
    }
}

fn set(fates: &[&str]) -> BTreeSet<String> {
    fates.iter().map(|&fate| fate.to_owned()).collect()
}

/// All that differs, not only the first.
#[track_caller]
fn compare(converted: &Converted, expected: impl IntoIterator<Item = (String, BTreeSet<String>)>) {
    let wrong: Vec<String> = expected
        .into_iter()
        .map(|(address, expected)| (converted.fates(&address), address, expected))
        .filter(|(found, _, expected)| found != expected)
        .map(|(found, address, expected)| format!("{address}: {found:?}, expected {expected:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn members() -> BTreeSet<String> {
    (1..=60).map(|number| format!("sent: member{number}@elsewhere.example")).collect()
}

#[test]
fn mail_goes_where_plesk_sent_it() {
    let converted = Converted::new();
    let main = MAIN.iter().map(|(local, fates)| (format!("{local}@example.com"), set(fates)));
    let others = OTHERS.iter().map(|(address, fates)| ((*address).to_owned(), set(fates)));
    let group = ("group@example.com".to_owned(), members());
    let expected: Vec<_> = main.chain(others).chain([group]).collect();
    let known: BTreeSet<String> = expected.iter().map(|(address, _)| address.clone()).collect();
    let forgotten: Vec<_> = named().difference(&known).cloned().collect();
    assert!(forgotten.is_empty(), "no expectation for {forgotten:?}");
    compare(&converted, expected);
}

#[test]
fn a_domain_alias_has_every_address_of_its_domain() {
    let converted = Converted::new();
    for alias in ALIASES {
        compare(
            &converted,
            MAIN.iter().map(|(local, fates)| (format!("{local}@{alias}"), set(fates))),
        );
    }
    compare(&converted, [("group@alias.example".to_owned(), members())]);
}

#[test]
fn capitals_make_no_difference() {
    let converted = Converted::new();
    // Exim takes PING and ping for two recipients: where two forward to each other, the one in
    // capitals gets a second copy.
    let rows = MAIN.iter().filter(|(local, _)| !matches!(*local, "ping" | "pong"));
    compare(
        &converted,
        rows.map(|(local, fates)| (format!("{local}@example.com").to_uppercase(), set(fates))),
    );
}

/// What does not work as it did is in the report.
#[test]
fn every_difference_is_in_the_report() {
    let converted = Converted::new();
    for (object, setting, expected) in [
        ("carla@example.com", "forwarding", &["skipped"][..]),
        ("mailgroup-off@example.com", "forwarding", &["skipped"]),
        ("nothing@example.com", "alias", &["skipped"]),
        ("emil+news@example.com", "mailbox", &["adapted"]),
        ("emil+news@example.com", "alias", &["converted"]),
        ("shadow@example.com", "mailbox", &["adapted"]),
        ("o'neil@example.com", "mailbox", &["adapted"]),
        ("silent@example.com", "autoresponder", &["skipped"]),
        ("robot@example.com", "alias", &["converted"]),
        ("example.com", "catch-all", &["adapted"]),
        ("bücher.example", "catch-all", &["converted"]),
        ("dead.example", "domain-alias", &["skipped"]),
    ] {
        assert_eq!(converted.outcome(object, setting), expected, "{object} {setting}");
    }
    for address in ["off", "moved", "former"] {
        assert!(
            converted.codes(&format!("{address}@example.com")).contains("login-suspended"),
            "{address}"
        );
    }
    assert!(converted.codes("paula@remote.example").contains("login-suspended"));
    assert!(converted.codes("quentin@closed.example").contains("login-suspended"));
    assert!(converted.codes("remote.example").contains("mail-routing"));
    assert!(converted.codes("web.example").contains("mail-routing"));
}

/// A name that no line of `va/` can hold costs that address alone, and the report has it.
#[test]
fn an_address_that_cannot_be_written_stops_no_other() {
    let converted = Converted::of(&unwritable());
    compare(
        &converted,
        [
            ("anna@example.com".to_owned(), set(&["stored: anna@example.com"])),
            ("never.seen@example.com".to_owned(), set(&["refused: No Such User Here"])),
            // The mailbox of `jörg`.
            ("j-rg@example.com".to_owned(), set(&["stored: j-rg@example.com"])),
        ],
    );
    for name in ["jörg", "jürgen", "münchen", "*"] {
        let codes = converted.codes(&format!("{name}@example.com"));
        assert!(codes.contains("address-not-carried"), "{name}: {codes:?}");
    }
    assert_eq!(converted.outcome("jürgen@example.com", "forwarding"), ["skipped"]);
    assert_eq!(converted.outcome("münchen@example.com", "autoresponder"), ["skipped"]);
}
