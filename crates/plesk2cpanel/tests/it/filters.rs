//! Converted filters do with real messages what the Sieve scripts did: Exim runs the one (`exim
//! -bf`), Pigeonhole the other (`sieve-test`), and both say what becomes of each message.

use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use plesk_fixture::MemoryFile;

use crate::support::{Place, one_mailbox, tar};

/// Rules of every kind that cPanel can say, as Roundcube and Ingo write them.
const SCRIPT: &str = r#"require ["fileinto", "copy", "reject", "imap4flags"];
# rule:[Lists]
if header :contains "List-Id" "example"
{
	fileinto "INBOX.Lists";
	stop;
}
# rule:[Either subject]
if anyof (header :contains "subject" "test", header :matches "subject" "Re:*")
{
	fileinto "INBOX.Tests";
}
# rule:[Both]
if allof (header :contains "From" "@", not header :contains "Subject" ["e", "a"])
{
	redirect :copy "both@example.net";
}
# rule:[Has a reply address]
if exists "Reply-To"
{
	redirect "replies@example.net";
}
# rule:[Nobody]
if false
{
	discard;
}
# rule:[Important, which cPanel can't flag, and which ends here all the same]
if header :is "X-Priority" "1"
{
	addflag "\\Flagged";
	stop;
}
# rule:[Bulk]
if header :is "Precedence" "bulk"
{
	discard;
	stop;
}
# rule:[Umlaut]
if header :contains "Subject" "ü"
{
	fileinto "INBOX.Entwürfe";
}
# rule:[One of several]
if header :contains "Subject" "patch"
{
	fileinto "INBOX.Patches";
}
elsif header :contains "Subject" ["list", "re"]
{
	fileinto "INBOX.Talk";
}
else
{
	if not header :contains "From" "net"
	{
		if header :contains "Subject" "h"
		{
			fileinto "INBOX.Rest";
		}
	}
}
# rule:[Everything from one]
if address :contains "from" "example"
{
	keep;
}
"#;

/// What becomes of a message.
#[derive(Debug, Default, PartialEq, Eq)]
struct Fate {
    folders: BTreeSet<String>,
    addresses: BTreeSet<String>,
}

fn messages() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/messages");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
        .collect();
    paths.sort();
    assert!(paths.len() > 25);
    paths
}

/// Messages for the rules that no real one meets.
const MADE: &[&str] = &[
    "From: a@example.net\nSubject: nothing\n\nx\n",
    "From: a@elsewhere.test\nSubject: My TEST\nReply-To: b@example.net\n\nx\n",
    "From: a@elsewhere.test\nSubject: Re: hello\n\nx\n",
    "From: a@elsewhere.test\nSubject: hm\n\nx\n",
    "From: a@elsewhere.test\nPrecedence: bulk\nSubject: sale\n\nx\n",
    "From: a@elsewhere.test\nX-Priority: 1\nPrecedence: bulk\nSubject: urgent\n\nx\n",
    "From: a@elsewhere.test\nTo: b@example.com\nSubject: a patch for the list\n\nx\n",
    "From: a@elsewhere.test\nTo: b@example.com\nSubject: the list\n\nx\n",
    "From: a@elsewhere.test\nTo: b@example.com\nSubject: hm\n\nx\n",
    "From: a@elsewhere.test\nList-Id: <news.example.org>\nSubject: news\n\nx\n",
    "From: a@elsewhere.test\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nx\n",
];

fn run(program: &str, arguments: &[&str], input: &[u8], place: &Path) -> String {
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(place)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}; scripts/install-test-tools gets it"));
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// Dovecot refuses to be root: it becomes nobody, and its directory is nobody's.
fn prepare_sieve(place: &Place, script: &str) {
    const NOBODY: u32 = 65_534;
    let directory = place.path("");
    let metadata = directory.metadata().unwrap();
    let (user, group) =
        if metadata.uid() == 0 { (NOBODY, NOBODY) } else { (metadata.uid(), metadata.gid()) };
    if metadata.uid() == 0 {
        chown(&directory, Some(user), Some(group)).unwrap();
    }
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o755)).unwrap();
    let home = directory.display();
    place.write(
        "dovecot.conf",
        format!(
            "log_path = /dev/stderr\nssl = no\nmail_uid = {user}\nmail_gid = {group}\n\
             first_valid_uid = 1\nmail_home = {home}\nmail_location = maildir:{home}/Maildir\n\
             postmaster_address = postmaster@example.com\nhostname = mx.example.com\n"
        )
        .as_bytes(),
    );
    place.write("script.sieve", script.as_bytes());
}

/// Takes the filter out of the archive.
fn prepare_exim(place: &Place) -> Vec<u8> {
    let member = "cpmove-examplecom/homedir/etc/example.com/anna/filter";
    let filter = tar(&["-xzO", member, "-f"], &place.path("out/cpmove-examplecom.tar.gz"));
    place.write("filter", &filter);
    place.write(
        "exim.conf",
        format!(
            "spool_directory = {0}/spool\nlog_file_path = {0}/%slog\nprimary_hostname = host.example\n\
             qualify_domain = host.example\nkeep_environment =\n",
            place.path("").display()
        )
        .as_bytes(),
    );
    filter
}

fn sieve(place: &Place, message: &[u8]) -> Fate {
    place.write("message.eml", message);
    let arguments = [
        "-c",
        "dovecot.conf",
        "-C",
        "-f",
        "s@else.example",
        "-r",
        "anna@example.com",
        "script.sieve",
        "message.eml",
    ];
    let text = run("sieve-test", &arguments, b"", &place.path(""));
    let mut fate = Fate::default();
    for line in text.lines() {
        if let Some(folder) = line.strip_prefix(" * store message in folder: ") {
            fate.folders.insert(folder.strip_prefix("INBOX.").unwrap_or(folder).to_owned());
        } else if let Some(address) = line.strip_prefix(" * redirect message to: ") {
            fate.addresses.insert(address.trim_matches(['<', '>']).to_owned());
        }
    }
    fate
}

fn exim(place: &Place, message: &[u8]) -> Fate {
    let arguments = [
        "-C",
        "exim.conf",
        "-bf",
        "filter",
        "-bfd",
        "example.com",
        "-bfl",
        "anna",
        "-f",
        "s@else.example",
    ];
    let configuration = place.path("exim.conf");
    let configuration = configuration.to_str().unwrap();
    let arguments = arguments.map(|word| if word == "exim.conf" { configuration } else { word });
    let text = run("/usr/sbin/exim4", &arguments, message, &place.path(""));
    let mut fate = Fate::default();
    let home = "/mail/example.com/anna";
    for line in text.lines() {
        if let Some(address) = line.strip_prefix("Deliver message to: ") {
            let address = address.replace('"', "");
            match address.strip_prefix("anna+").and_then(|rest| rest.strip_suffix("@example.com")) {
                Some(folder) => fate.folders.insert(folder.to_owned()),
                None if address == "anna@example.com" => fate.folders.insert("INBOX".to_owned()),
                None => fate.addresses.insert(address.clone()),
            };
        } else if let Some(path) = line.strip_prefix("Save message to: ") {
            let path = path.split(' ').next().unwrap();
            match path.split_once(home).map(|(_, folder)| folder.trim_matches(['/', '.'])) {
                Some("") => fate.folders.insert("INBOX".to_owned()),
                // The directory's name is modified UTF-7.
                Some("Entw&APw-rfe") => fate.folders.insert("Entwürfe".to_owned()),
                Some(folder) => fate.folders.insert(folder.to_owned()),
                None => continue, // /dev/null
            };
        } else if line.starts_with("Filtering did not set up a significant delivery") {
            fate.folders.insert("INBOX".to_owned());
        }
    }
    fate
}

#[test]
fn exim_does_what_sieve_did() {
    let place = Place::new();
    let files = vec![
        MemoryFile::file("Maildir/cur/1.a:2,S", 1, "Subject: x\n\nx\n"),
        MemoryFile::file(".dovecot.sieve", 1, SCRIPT),
    ];
    place.pack("backup.tar", &one_mailbox(files));
    let converted = place.run(&["convert", "backup.tar", "--output", "out"]);
    assert_eq!(converted.status, Some(3), "{}", converted.transcript());
    let filter = prepare_exim(&place);
    prepare_sieve(&place, SCRIPT);

    let mut moved = 0;
    let real = messages()
        .into_iter()
        .map(|path| (path.display().to_string(), std::fs::read(path).unwrap()));
    let made = MADE.iter().map(|text| ((*text).to_owned(), text.as_bytes().to_vec()));
    // Exim asked by hand gives a message without a sender one, which no server does on the way.
    let has_sender = |message: &[u8]| {
        let head = String::from_utf8_lossy(message).to_lowercase();
        let head = head.split("\n\n").next().unwrap_or_default().to_owned();
        head.starts_with("from:") || head.contains("\nfrom:")
    };
    for (name, message) in real.chain(made).filter(|(_, message)| has_sender(message)) {
        let mut before = sieve(&place, &message);
        let after = exim(&place, &message);
        // A filter can't say "a copy, and the rest as the other rules have it": its copy stays.
        if before.addresses.contains("both@example.net") {
            before.folders.insert("INBOX".to_owned());
        }
        assert_eq!(after, before, "{name}\n{}", String::from_utf8_lossy(&filter));
        moved += usize::from(before.folders != BTreeSet::from(["INBOX".to_owned()]));
    }
    assert!(moved > 6, "the rules meet messages: {moved}");
    let report = place.report("out");
    let changes: Vec<&str> = report["accounts"][0]["settings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["setting"] == "filter Both")
        .map(|entry| entry["detail"].as_str().unwrap())
        .collect();
    let told = "a copy stays in the inbox, also where another rule takes the message elsewhere";
    assert_eq!(changes, [told]);
}

/// A rule that can't be said and ends the script kept messages from the rules behind it: none of
/// those may now take a message away from its owner.
#[test]
fn behind_a_rule_that_cannot_be_said_nothing_is_taken_away() {
    const SCRIPT: &str = r#"require ["fileinto", "reject", "copy"];
# rule:[Large stays]
if size :over 100K
{
	stop;
}
# rule:[Throw away]
if header :contains "Subject" "offer"
{
	discard;
}
# rule:[Send on]
if header :contains "Subject" "offer"
{
	redirect "other@example.net";
}
# rule:[File]
if header :contains "Subject" "offer"
{
	fileinto "INBOX.Offers";
}
"#;
    let place = Place::new();
    let files = vec![
        MemoryFile::file("Maildir/cur/1.a:2,S", 1, "Subject: x\n\nx\n"),
        MemoryFile::file(".dovecot.sieve", 1, SCRIPT),
    ];
    place.pack("backup.tar", &one_mailbox(files));
    let converted = place.run(&["convert", "backup.tar", "--output", "out"]);
    assert_eq!(converted.status, Some(3), "{}", converted.transcript());
    let archive = place.path("out/cpmove-examplecom.tar.gz");
    let member = "cpmove-examplecom/homedir/etc/example.com/anna/filter";
    let filter = String::from_utf8(tar(&["-xzO", member, "-f"], &archive)).unwrap();
    assert!(filter.contains("Offers") && !filter.contains("/dev/null"), "{filter}");
    assert!(!filter.contains("other@example.net"), "{filter}");
    let yaml =
        String::from_utf8(tar(&["-xzO", &format!("{member}.yaml"), "-f"], &archive)).unwrap();
    for name in ["Throw away", "Send on", "File"] {
        assert!(yaml.contains(name), "{name} is kept for its owner to see: {yaml}");
    }
    let report = place.report("out");
    let details: Vec<(String, String)> = report["accounts"][0]["settings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["setting"].as_str().unwrap().starts_with("filter "))
        .map(|entry| {
            let text = |key: &str| entry[key].as_str().unwrap().to_owned();
            (text("setting"), format!("{}: {}", text("outcome"), text("detail")))
        })
        .collect();
    let off = "adapted: switched off: it would take away messages that `Large stays`, which can't \
               be said, kept from it";
    let more =
        "adapted: it also sees messages that `Large stays`, which can't be said, kept from it";
    let expected = [
        ("filter Throw away", off),
        ("filter Send on", off),
        ("filter File", more),
        ("filter Large stays", "skipped: cPanel's filters do not know a message's size"),
    ];
    assert_eq!(details, expected.map(|(setting, detail)| (setting.to_owned(), detail.to_owned())));
}

/// A rule that answers and does something else is an answer and a filter.
#[test]
fn what_a_rule_does_beside_answering_is_a_filter() {
    const MESSAGE: &[u8] = b"From: a@elsewhere.test\nTo: anna@example.com\nSubject: offer\n\nx\n";
    const HEAD: &str = "require [\"vacation\", \"fileinto\"];\n";
    const NEVER: &str =
        "# rule:[Never]\nif header :contains \"Subject\" \"offer\"\n{\n\tdiscard;\n}\n";
    for (rest, behind, filters) in [
        ("stop;", "", &[][..]),
        ("stop;", NEVER, &["Away", "Never"]),
        ("fileinto \"INBOX.Seen\";", "", &["Away"]),
        ("fileinto \"INBOX.Seen\";\nstop;", NEVER, &["Away", "Never"]),
    ] {
        let answer = "vacation :days 3 :subject \"Away\" \"Back soon.\";";
        let script = format!("{HEAD}# rule:[Away]\n{answer}\n{rest}\n{behind}");
        let place = Place::new();
        let files = vec![
            MemoryFile::file("Maildir/cur/1.a:2,S", 1, "Subject: x\n\nx\n"),
            MemoryFile::file(".dovecot.sieve", 1, script.clone()),
        ];
        place.pack("backup.tar", &one_mailbox(files));
        let run = place.run(&["convert", "backup.tar", "--output", "out"]);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        let member = "cpmove-examplecom/homedir/.autorespond/anna@example.com";
        let text = tar(&["-xzO", member, "-f"], &place.path("out/cpmove-examplecom.tar.gz"));
        assert!(text.ends_with(b"\nSubject: Away\n\nBack soon."), "{script}");
        let report = place.report("out");
        let rows: Vec<(&str, &str)> = report["accounts"][0]["settings"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|row| {
                let name = row["setting"].as_str()?.strip_prefix("filter ")?;
                Some((name, row["outcome"].as_str()?))
            })
            .collect();
        let expected = filters.iter().map(|name| (*name, "converted"));
        let expected: Vec<_> = expected.chain([("vacation", "adapted")]).collect();
        assert_eq!(rows, expected, "{script}");
        if !filters.is_empty() {
            let filter = prepare_exim(&place);
            prepare_sieve(&place, &script);
            let (after, before) = (exim(&place, MESSAGE), sieve(&place, MESSAGE));
            assert_eq!(after, before, "{script}{}", String::from_utf8_lossy(&filter));
        }
    }
}

/// The script in use may be a link: which one it was is told, also where it leads to nothing.
#[test]
fn a_script_behind_a_link_is_named() {
    let kept = "1 file beside the mail (5 bytes) are kept in the account's home below from-plesk/: \
                sieve/a.sieve; .dovecot.sieve was a link to sieve/a.sieve, the script in use";
    let lost = "the Sieve script in use, .dovecot.sieve, is a link to `sieve/b.sieve`, which the \
                archive does not hold";
    for (target, code, text) in
        [("sieve/a.sieve", "files-kept", kept), ("sieve/b.sieve", "setting-not-carried", lost)]
    {
        let place = Place::new();
        let files = vec![
            MemoryFile::file("Maildir/cur/1.a:2,S", 1, "Subject: x\n\nx\n"),
            MemoryFile::file("sieve/a.sieve", 1, "keep;"),
            MemoryFile::symbolic_link(".dovecot.sieve", 1, target),
        ];
        place.pack("backup.tar", &one_mailbox(files));
        let run = place.run(&["convert", "backup.tar", "--output", "out"]);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        let report = place.report("out");
        let findings = report["accounts"][0]["findings"].as_array().unwrap();
        let of = |code| findings.iter().filter(move |finding| finding["code"] == code);
        let texts: Vec<&str> = of(code).map(|finding| finding["text"].as_str().unwrap()).collect();
        assert_eq!(texts, [text]);
        // The link is no cache.
        assert_eq!(of("files-left-out").count(), 0, "{target}");
    }
}
