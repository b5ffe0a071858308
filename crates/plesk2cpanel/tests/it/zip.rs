//! The same backup as a zip, or with zips inside: what comes out is the same.

use std::path::PathBuf;

use plesk_fixture::{Compression, Form, MemoryFile, Spec, System, ZipMethod, corrupt, pack_form};

use crate::rich::rich;
use crate::support::{Place, Run, one_mailbox, served_messages, tar};

fn convert(place: &Place, backup: &str) -> Run {
    place.run(&["convert", backup, "--output", "out", "--old-server", "dovecot:%08Xu%08Xv"])
}

/// The only archive that was written.
fn archive(place: &Place) -> PathBuf {
    let mut names = place.entries("out");
    names.retain(|name| name.starts_with("cpmove-"));
    assert_eq!(names.len(), 1, "{names:?}");
    place.path("out").join(&names[0])
}

/// Messages of the mailbox `anna`, as GNU tar lists them.
fn messages(place: &Place) -> usize {
    let listing = String::from_utf8(tar(&["tzf"], &archive(place))).unwrap();
    listing.lines().filter(|line| line.contains("/anna/cur/1")).count()
}

fn pack(place: &Place, name: &str, spec: &Spec) {
    pack_form(spec, Form::of_name(name.as_ref()), &place.path(name)).unwrap();
}

/// Archive and report of a backup that is packed in this way, the latter without what tells of the
/// backup as a file.
fn converted(name: &str, spec: &Spec) -> (Vec<u8>, serde_json::Value) {
    let place = Place::new();
    pack(&place, name, spec);
    let run = convert(&place, name);
    assert!(matches!(run.status, Some(0 | 3)), "{}", run.transcript());
    let archive = archive(&place);
    let mut report = place.report("out");
    let facts = report["backup"].as_object_mut().unwrap();
    let container = facts.remove("container").unwrap();
    let is_zip = std::path::Path::new(name).extension().is_some_and(|it| it == "zip");
    assert_eq!(container, if is_zip { "zip" } else { "tar" });
    facts.remove("name");
    (std::fs::read(archive).unwrap(), report)
}

#[test]
fn every_form_gives_the_same_archive() {
    let spec = Spec { compression: Compression::Tzst, ..rich() };
    let (expected, report) = converted("backup.tar", &spec);
    let zip = Compression::Zip;
    let forms = [
        ("a zip of the same archives", spec.clone(), "backup.zip"),
        (
            "deflated once more",
            Spec { zip_method: ZipMethod::Deflated, ..spec.clone() },
            "backup.zip",
        ),
        ("zips in a tar", Spec { compression: zip, ..spec.clone() }, "backup.tar"),
        ("zips in a zip", Spec { compression: zip, ..spec.clone() }, "backup.zip"),
        (
            "zips in a zip, deflated once more",
            Spec { compression: zip, zip_method: ZipMethod::Deflated, ..spec.clone() },
            "backup.zip",
        ),
        (
            "in one directory more",
            Spec { compression: zip, wrap: Some("backup of today".into()), ..spec },
            "backup.zip",
        ),
    ];
    for (what, spec, name) in forms {
        let (archive, found) = converted(name, &spec);
        let (report, found) = (readable(&report, &spec), readable(&found, &spec));
        assert!(found == report, "{what}:\n{}", differences(&report, &found));
        assert!(archive == expected, "{what}: the archive differs");
    }
}

/// There are no links on Windows, so that this is about a mailbox without a filter in use.
#[test]
fn names_with_backslashes_give_the_same_archive() {
    let spec = Spec { compression: Compression::Tzst, ..one_mailbox(served_messages(20)) };
    let (expected, _report) = converted("backup.tar", &spec);
    let windows = Spec { compression: Compression::Zip, system: System::Windows, ..spec };
    let (archive, _report) = converted("backup.zip", &windows);
    assert!(archive == expected);
}

/// What Plesk for Windows makes of the same mailbox has the same messages: line ends, names and
/// state are others.
#[test]
fn windows_has_the_same_messages() {
    let spec = one_mailbox(served_messages(5));
    let contents = |name: &str, form: Form| {
        let place = Place::new();
        pack_form(&spec, form, &place.path(name)).unwrap();
        let run = convert(&place, name);
        assert!(matches!(run.status, Some(0 | 3)), "{}", run.transcript());
        let archive = archive(&place);
        let listing = String::from_utf8(tar(&["tzf"], &archive)).unwrap();
        let is_message = |name: &&str| {
            (name.contains("/anna/cur/") || name.contains("/anna/new/")) && !name.ends_with('/')
        };
        let mut messages: Vec<Vec<u8>> = listing
            .lines()
            .filter(is_message)
            .map(|name| tar(&["xzO", name, "-f"], &archive))
            .collect();
        messages.sort();
        messages
    };
    let expected = contents("backup.tar", Form::Tar);
    assert_eq!(expected.len(), 5);
    for form in [Form::Windows, Form::Windows8] {
        assert!(contents("backup.zip", form) == expected, "{form:?}");
    }
}

/// Mail of Plesk 8 for Windows lies in the backup as it is: what the metadata do not name has no
/// archive whose name would tell of it.
#[test]
fn a_mailbox_that_the_metadata_do_not_name_is_told_of() {
    let place = Place::new();
    for (path, text) in [
        ("tree/a.test/mail/anna/1.MAI", "A: b\n\nc\n"),
        ("tree/a.test/mail/bert/1.MAI", "A: b\n\nc\n"),
        (
            "tree/info.xml",
            "<dump><clients><client login='x'><domain name='a.test'><mail mail_name='anna'>\
             <dump arcname='a.test\\mail\\anna'/></mail></domain></client></clients></dump>",
        ),
    ] {
        std::fs::create_dir_all(place.path(path).parent().unwrap()).unwrap();
        place.write(path, text.as_bytes());
    }
    convert(&place, "tree");
    let report = place.report("out");
    let findings = report["findings"].as_array().unwrap().iter();
    let told: Vec<String> = findings
        .filter(|finding| finding["code"] == "archive-unreferenced")
        .map(|finding| format!("{}: {}", finding["object"], finding["text"]))
        .collect();
    assert_eq!(told, ["\"a.test/mail/bert\": \"no metadata name these files: 1\""]);
}

/// A report as text, with the names of archives as a tar has them.
fn readable(report: &serde_json::Value, spec: &Spec) -> String {
    let text = serde_json::to_string_pretty(report).unwrap();
    if spec.compression == Compression::Zip {
        text.replace("_2401151030.zip", "_2401151030.tzst")
    } else {
        text
    }
}

fn differences(one: &str, other: &str) -> String {
    let lines = one.lines().zip(other.lines()).filter(|(one, other)| one != other);
    let lines = lines.take(20).map(|(one, other)| format!("- {one}\n+ {other}"));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_damaged_member_is_left_out_and_the_others_are_not() {
    let place = Place::new();
    let spec = Spec { compression: Compression::Zip, ..one_mailbox(served_messages(5)) };
    pack(&place, "tree", &spec);
    // The third message's own bytes, deflated, stand behind its header.
    let archive = place.path("tree/backup_domainmail_2401151030.zip");
    let bytes = std::fs::read(&archive).unwrap();
    let name = b"anna/Maildir/cur/1700000003.M1P1.old:2,S";
    let header = bytes.windows(name.len()).position(|window| window == name).unwrap();
    let data = (header + name.len() + 36) as u64;
    corrupt::overwrite(&archive, data, &[0xff]).unwrap();
    let run = convert(&place, "tree");
    insta::assert_snapshot!("zip-damaged-member", run.transcript());
    assert_eq!(messages(&place), 4);
}

/// A zip may hold one name twice, and each of both may be a message of its own.
#[test]
fn of_two_messages_with_one_name_each_whole_one_is_kept() {
    let mut files = served_messages(5);
    let second = "Subject: another\n\nother text\n";
    // The fixtures give no name twice: it gets that of another message below.
    let (name, other) =
        ("Maildir/cur/1700000003.M1P1.old:2,S", "Maildir/cur/1700000093.M1P1.old:2,S");
    files.push(MemoryFile::file(other, 1_700_000_003, second));
    let spec = Spec { compression: Compression::Zip, ..one_mailbox(files) };
    let place = Place::new();
    pack(&place, "tree", &spec);
    let path = place.path("tree/backup_domainmail_2401151030.zip");
    for _ in ["its own header", "the list"] {
        corrupt::replace(&path, other.as_bytes(), name.as_bytes()).unwrap();
    }
    let whole = std::fs::read(&path).unwrap();
    convert(&place, "tree");
    assert_eq!(messages(&place), 6);
    let report = place.report("out").to_string();
    assert!(report.contains("message-renamed"), "{report}");
    assert!(!report.contains("message-damaged"), "{report}");
    // Where one of both is damaged, the other one is not.
    let name = format!("anna/{name}");
    let headers: Vec<usize> = (0..whole.len() - name.len())
        .filter(|at| whole[*at..].starts_with(name.as_bytes()))
        .collect();
    for (damaged, (read, size)) in [(headers[0], (0, 1068)), (headers[1], (0, 29))] {
        let mut bytes = whole.clone();
        bytes[damaged + name.len() + 36] = 0xff;
        std::fs::write(&path, bytes).unwrap();
        std::fs::remove_dir_all(place.path("out")).unwrap();
        convert(&place, "tree");
        assert_eq!(messages(&place), 5);
        let report = place.report("out").to_string();
        assert!(report.contains("message-damaged"), "{report}");
        assert!(report.contains(&format!("{read} of {size} bytes")), "{report}");
    }
}

#[test]
fn damage_that_is_not_listed_is_counted() {
    let place = Place::new();
    let spec = Spec { compression: Compression::Zip, ..one_mailbox(served_messages(1)) };
    pack(&place, "tree", &spec);
    let path = place.path("tree/backup_domainmail_2401151030.zip");
    let bytes = std::fs::read(&path).unwrap();
    let list = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    // A directory with a stray byte behind it, again and again, and no list.
    let stray = [b"PK\x03\x04\x14\0", &[0; 20][..], b"\x02\0\0\0d/?"].concat();
    std::fs::write(&path, [&bytes[..list], &stray.repeat(1500)].concat()).unwrap();
    convert(&place, "tree");
    assert_eq!(messages(&place), 1);
    let report = place.report("out").to_string();
    assert!(report.contains("and 500 more damaged places, not listed one by one"), "{report}");
}

#[test]
fn a_cut_zip_gives_what_is_there() {
    let place = Place::new();
    let spec = Spec { compression: Compression::Zip, ..one_mailbox(served_messages(5)) };
    pack(&place, "backup_example.com_2401151030.zip", &spec);
    let path = place.path("backup_example.com_2401151030.zip");
    // The XML stands at the end of an export: a cut takes it, and the mail before it is whole.
    let bytes = std::fs::read(&path).unwrap();
    let xml = b"backup_info_2401151030.xml";
    let header = bytes.windows(xml.len()).position(|window| window == xml).unwrap();
    corrupt::truncate(&path, (header + 200) as u64).unwrap();
    let run = convert(&place, "backup_example.com_2401151030.zip");
    insta::assert_snapshot!("zip-cut", run.transcript());
    assert_eq!(messages(&place), 5);
}

#[test]
fn an_encrypted_zip_says_what_to_do() {
    let place = Place::new();
    pack(&place, "backup.zip", &one_mailbox(served_messages(1)));
    let path = place.path("backup.zip");
    let mut bytes = std::fs::read(&path).unwrap();
    // Bit 0 of the flags, in the headers and in the list.
    for (signature, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        for at in 0..bytes.len() - 4 {
            if &bytes[at..at + 4] == signature {
                bytes[at + flags] |= 1;
            }
        }
    }
    std::fs::write(&path, bytes).unwrap();
    insta::assert_snapshot!("zip-encrypted", place.run(&["inspect", "backup.zip"]).transcript());
}
