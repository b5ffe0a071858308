//! Which subscription an archive is compared with, options that change what is expected, and what a
//! user sees.

use std::fs;
use std::process::Command;

use plesk_fixture::{
    MailboxSpec, MemoryFile, PasswordSpec, Spec, SubscriptionSpec, SyntheticServer,
};

use super::bases::{Base, one_of_each};
use crate::support::{Place, one_mailbox, served_messages};

/// Two subscriptions of a server.
fn two() -> Place {
    let mut spec = one_mailbox(served_messages(3));
    spec.level = plesk_fixture::Level::Server;
    let mut other = SubscriptionSpec::new("other.example");
    other.system_user = "otheruser".into();
    other.mailboxes = vec![
        MailboxSpec::new("bert")
            .with_password(PasswordSpec::plain("sesame"))
            .with_files(served_messages(5)),
    ];
    spec.subscriptions.push(other);
    let place = Place::new();
    place.pack("backup.tar", &spec);
    let run = place.run(&["convert", "backup.tar", "--output", "out", "--as", "dir"]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    place
}

#[test]
fn the_archive_says_which_subscription_it_is() {
    let place = two();
    for (user, domain) in [("examplecom", "example.com"), ("otheruser", "other.example")] {
        for below in ["", "/homedir"] {
            let archive = format!("out/cpmove-{user}{below}");
            let run = place.run(&["verify", "backup.tar", &archive]);
            assert_eq!(run.status, Some(0), "{}", run.transcript());
            assert!(run.stdout.contains(&format!("{domain} -> account {user}")), "{}", run.stdout);
        }
    }
    let archive = "out/cpmove-otheruser";
    let run = place.run(&["verify", "backup.tar", archive, "--only", "example.com"]);
    assert_eq!(run.status, Some(1), "{}", run.transcript());
    assert!(run.stdout.starts_with("different: "), "{}", run.stdout);
    let record = place.path(archive).join("cp/otheruser");
    let text = fs::read_to_string(&record).unwrap().replace("DNS=other", "DNS=third");
    fs::write(record, text).unwrap();
    insta::assert_snapshot!(
        "verify-of-no-subscription",
        place.run(&["verify", "backup.tar", archive]).transcript()
    );
}

#[test]
fn options_are_part_of_what_is_expected() {
    let place = Place::new();
    place.pack("backup.tar", &one_mailbox(served_messages(3)));
    let options = ["--old-server", "dovecot:%v.%u", "--user", "example.com=chosen"];
    let convert = ["convert", "backup.tar", "--output", "out", "--reserve-uids", "1000"];
    let run = place.run(&[&convert[..], &options].concat());
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    let verify = ["verify", "backup.tar", "out/cpmove-chosen.tar.gz"];
    // More free UIDs are no harm.
    let run = place.run(&[&verify[..], &options].concat());
    assert_eq!(run.status, Some(0), "{}", run.transcript());
    let json = place.run(&[&verify[..], &options[2..], &["--json"]].concat()).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let differences = json["differences"].as_object().unwrap();
    assert_eq!(differences.keys().collect::<Vec<_>>(), ["uidl"]);
    assert_eq!(differences["uidl"]["count"], 3);
    let run = place.run(&[&verify[..], &options[..2]].concat());
    assert_eq!(run.status, Some(1), "{}", run.transcript());
    assert!(run.stdout.contains("`cpmove-chosen` instead of `cpmove-examplecom`"));
}

#[test]
fn what_a_user_sees() {
    let base = Base::new(&one_of_each());
    let archive = base.convert("tar.gz");
    let seen = |archive: &str| {
        let text = base.run(&["verify", "backup.tar", archive]).transcript();
        // Every comparison that is added to the program adds to their number.
        let (head, tail) = text.split_once("; ").unwrap();
        let (number, tail) = tail.split_once(' ').unwrap();
        assert!(number.parse::<u32>().unwrap() > 400, "{text}");
        format!("{head}; [NUMBER] {tail}")
    };
    insta::assert_snapshot!("verify-same", seen(&archive));
    let tree = base.copy();
    let klara = super::bases::KLARA;
    tree.edit(&format!("{klara}/dovecot-uidlist"), "Pfirst", "Pother");
    tree.edit(&format!("{klara}/dovecot-uidlist"), "V1700000000", "V1");
    tree.without_line("va/example.com", "desk@");
    for number in 1..=9 {
        tree.write(&format!("{klara}/new/{number}.extra\u{1b}]0;title\u{7}"), "x");
    }
    insta::assert_snapshot!("verify-different", seen(&tree.shown));
    let tree = base.copy_home();
    super::home::serve(&tree);
    super::home::use_mail(&tree);
    insta::assert_snapshot!("verify-home-in-use", seen(&tree.shown));
}

#[test]
fn nothing_secret_is_shown() {
    let base = Base::new(&one_of_each());
    let tree = base.copy();
    let path = "homedir/etc/example.com/shadow";
    let hashes = tree.read(path);
    tree.write(path, &hashes.replace("$6$", "$6$x"));
    tree.edit("shadow", "$6$", "$6$x");
    tree.edit("domainkeys/private/example.com", "MIICXAIB", "MIICXAIC");
    for arguments in [&["--json"][..], &[]] {
        let run = base.run(&[&["verify", "backup.tar", &tree.shown], arguments].concat());
        assert_eq!(run.status, Some(1));
        let shown = run.stdout + &run.stderr;
        assert!(!shown.contains("$6$") && !shown.contains("MIICX"), "{shown}");
        assert!(!shown.contains("secret"), "the password of most mailboxes");
    }
}

/// Other bytes for the same names, so that everything differs and is counted.
#[test]
fn an_archive_of_many_differences_is_named_in_part_and_counted_in_full() {
    let spec = |seed| {
        let mut spec: Spec = one_mailbox(Vec::new());
        spec.subscriptions[0].mailboxes[0].source = Some(plesk_fixture::MailboxSource::Synthetic {
            messages: 1500,
            message_bytes: 300,
            seed,
            server: SyntheticServer::Dovecot,
        });
        spec
    };
    let place = Place::new();
    place.pack("backup.tar", &spec(1));
    place.pack("other.tar", &spec(2));
    let run = place.run(&["convert", "other.tar", "--output", "out"]);
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    let archive = "out/cpmove-examplecom.tar.gz";
    let run = place.run(&["verify", "backup.tar", archive, "--json"]);
    assert_eq!(run.status, Some(1), "{}", run.stderr);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let missing = &json["differences"]["message-missing"];
    assert!(missing["count"].as_u64().unwrap() > 1000, "{}", missing["count"]);
    assert_eq!(missing["first"].as_array().unwrap().len(), 1000);
    assert_eq!(json["counts"]["messages"], 1500);
    let run = place.run(&["verify", "backup.tar", archive]);
    assert!(run.stdout.lines().count() < 100, "{}", run.stdout);
}

#[test]
fn a_bomb_ends_without_filling_the_memory() {
    let place = Place::new();
    place.pack("backup.tar", &one_mailbox(served_messages(1)));
    // Members without end in some kilobytes: texts, a list, a message, and names.
    let script = r#"
import gzip, io, tarfile
class Zeros(io.RawIOBase):
    def read(self, size=-1):
        return bytes(size)
with gzip.open("cpmove-examplecom.tar.gz", "wb", compresslevel=1) as out, \
        tarfile.open(fileobj=out, mode="w|", format=tarfile.GNU_FORMAT) as tar:
    for name, size in (("cp/examplecom", 40), ("va/example.com", 40),
                       ("homedir/mail/example.com/anna/dovecot-uidlist", 260),
                       ("homedir/mail/example.com/anna/cur/1700000001.M1P1.old:2,S", 60)):
        member = tarfile.TarInfo("cpmove-examplecom/" + name)
        member.size = size << 20
        tar.addfile(member, Zeros())
    for number in range(4000):
        name = "homedir/mail/example.com/anna/cur/" + "n" * 9000 + str(number)
        tar.addfile(tarfile.TarInfo("cpmove-examplecom/" + name))
"#;
    let made = Command::new("python3").args(["-c", script]).current_dir(place.path("")).status();
    assert!(made.unwrap().success());
    let output = Command::new("sh")
        .args(["-c", "ulimit -v 1000000; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_plesk2cpanel")])
        .args(["verify", "backup.tar", "cpmove-examplecom.tar.gz", "--jobs", "1", "--json"])
        .current_dir(place.path(""))
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{shown}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect(&shown);
    for class in ["archive", "content", "uidlist"] {
        assert!(json["differences"].get(class).is_some(), "{class}");
    }
}

#[test]
fn a_message_under_two_names_is_compared_under_both() {
    let place = Place::new();
    let copy = MemoryFile::hard_link(
        "Maildir/cur/1700000009.M1P1.old:2,S",
        1_700_000_000,
        "anna/Maildir/.Work/cur/1700000000.M1P1.old:2,",
    );
    let first = MemoryFile::file(
        "Maildir/.Work/cur/1700000000.M1P1.old:2,",
        1_700_000_000,
        "Subject: x\n\nhello\n",
    );
    place.pack("backup.tar", &one_mailbox(vec![first, copy]));
    for form in ["tar.gz", "dir"] {
        let run = place.run(&["convert", "backup.tar", "--output", form, "--as", form]);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
    }
    for archive in ["tar.gz/cpmove-examplecom.tar.gz", "dir/cpmove-examplecom"] {
        let run = place.run(&["verify", "backup.tar", archive]);
        assert_eq!(run.status, Some(0), "{}", run.transcript());
        assert!(run.stdout.contains("2 messages"), "{}", run.stdout);
    }
}
