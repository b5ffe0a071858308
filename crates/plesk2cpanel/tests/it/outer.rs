//! What is around a backup makes no difference to what comes out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use plesk_fixture::{
    Compression, Form, MailboxSource, MailboxSpec, Spec, SubscriptionSpec, SyntheticServer,
    pack_form, split,
};

use crate::support::{Place, one_mailbox, served_messages};

const OLD_SERVER: [&str; 2] = ["--old-server", "dovecot:%08Xu%08Xv"];

/// Converts, and gives back the archive and the report without what tells of the form.
fn convert(place: &Place, backup: &[&str], output: &str) -> (Vec<u8>, String) {
    let arguments = [&["convert"], backup, &["--output", output], &OLD_SERVER].concat();
    let run = place.run(&arguments);
    // The system user has no password, so that there is always something to do.
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    let archive = fs::read(place.path(output).join("cpmove-examplecom.tar.gz")).unwrap();
    let mut report = place.report(output);
    let facts = report["backup"].as_object_mut().unwrap();
    for field in ["name", "container", "parts", "spool_bytes"] {
        facts.remove(field);
    }
    (archive, report.to_string())
}

fn spec() -> Spec {
    one_mailbox(served_messages(40))
}

#[test]
fn every_form_gives_the_same_archive_and_report() {
    let place = Place::new();
    pack_form(&spec(), Form::Directory, &place.path("tree")).unwrap();
    let expected = convert(&place, &["tree"], "from-tree");
    let pack = |name: &str| -> PathBuf {
        let path = place.path(name);
        pack_form(&spec(), Form::of_name(&path), &path).unwrap();
        path
    };
    let mut forms: Vec<(&str, Vec<String>)> = Vec::new();
    for name in ["backup.tar", "backup.tar.gz", "backup.tar.zst"] {
        pack(name);
        forms.push((name.strip_prefix("backup.").unwrap(), vec![name.to_owned()]));
    }
    for (name, form) in [
        ("split.tar", "parts of tar"),
        ("split.tar.gz", "parts of tar.gz"),
        ("split.tar.zst", "parts of tar.zst"),
    ] {
        let path = pack(name);
        let size = fs::metadata(&path).unwrap().len() / 3;
        let parts = split(&path, size).unwrap();
        forms.push((form, vec![format!("{name}.001")]));
        let all = parts.iter().rev().map(|part| part.file_name().unwrap().to_str().unwrap());
        forms.push((form, all.map(str::to_owned).collect()));
    }
    let directory = place.path("exported");
    fs::create_dir(&directory).unwrap();
    pack("exported/backup.tar.gz");
    forms.push(("tar.gz", vec!["exported".to_owned()]));
    for (index, (form, backup)) in forms.iter().enumerate() {
        let backup: Vec<&str> = backup.iter().map(String::as_str).collect();
        let output = format!("out-{index}");
        assert!(convert(&place, &backup, &output) == expected, "{form}: {backup:?}");
        assert_eq!(place.report(&output)["backup"]["container"], *form);
    }
}

#[test]
fn volumes_of_inner_archives_make_no_difference() {
    for compression in [Compression::Tar, Compression::Tgz, Compression::Tzst] {
        let place = Place::new();
        let mut spec = Spec { compression, ..spec() };
        pack_form(&spec, Form::Tar, &place.path("whole.tar")).unwrap();
        spec.volume_size = Some(700);
        pack_form(&spec, Form::Tar, &place.path("volumes.tar")).unwrap();
        let whole = convert(&place, &["whole.tar"], "whole");
        assert!(convert(&place, &["volumes.tar"], "volumes") == whole, "{compression:?}");
    }
}

#[test]
fn the_spool_is_told_and_limited() {
    let place = Place::new();
    pack_form(&spec(), Form::TarGz, &place.path("backup.tar.gz")).unwrap();
    fs::create_dir(place.path("spool")).unwrap();
    let spool = ["inspect", "backup.tar.gz", "--spool", "spool"];
    let run = place.run(&[&spool[..], &OLD_SERVER].concat());
    insta::assert_snapshot!("compressed-inspect", run.transcript());
    assert_eq!(place.entries("spool"), Vec::<String>::new());
    let limited = place.run(&[&spool[..], &["--spool-limit", "10K"]].concat());
    insta::assert_snapshot!("spool-limit", limited.transcript());
    let nowhere = place.run(&["inspect", "backup.tar.gz", "--spool", "nowhere"]);
    insta::assert_snapshot!("spool-nowhere", nowhere.transcript());
}

#[test]
fn what_is_wrong_with_parts_is_said() {
    let place = Place::new();
    let path = place.path("backup_example.com_2401151030.tar");
    pack_form(&spec(), Form::Tar, &path).unwrap();
    let parts = split(&path, 3_000).unwrap();
    let first = "backup_example.com_2401151030.tar.001";
    for part in &parts[parts.len() - 3..] {
        fs::remove_file(part).unwrap();
    }
    insta::assert_snapshot!("last-part-missing", place.run(&["inspect", first]).transcript());
    fs::rename(&parts[1], place.path("elsewhere")).unwrap();
    insta::assert_snapshot!("part-missing", place.run(&["inspect", first]).transcript());
    fs::write(&parts[1], "").unwrap();
    insta::assert_snapshot!("part-empty", place.run(&["inspect", first]).transcript());
    fs::copy(place.path("elsewhere"), &parts[1]).unwrap();
    fs::copy(&parts[1], place.path("backup_example.com_2401151030.tar.2")).unwrap();
    insta::assert_snapshot!("part-twice", place.run(&["inspect", first]).transcript());
}

#[test]
fn a_directory_of_exports_says_what_was_used() {
    let place = Place::new();
    fs::create_dir(place.path("backups")).unwrap();
    pack_form(&spec(), Form::Tar, &place.path("backups/full.tar")).unwrap();
    place.write("backups/notes.txt", b"made on Monday\n");
    place.write("backups/photo.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01");
    let arguments = ["convert", "backups", "--output", "out"];
    let run = place.run(&[&arguments[..], &OLD_SERVER].concat());
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    let report = place.report("out");
    assert_eq!(
        (&report["backup"]["name"], &report["backup"]["container"]),
        (&"backups".into(), &"tar".into())
    );
    let unused: Vec<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["code"] == "files-not-used")
        .map(|finding| {
            format!(
                "{}: {}",
                finding["object"].as_str().unwrap(),
                finding["text"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        unused,
        [
            "notes.txt: it is no part of a backup, but text",
            "photo.jpg: it is no part of a backup, but a JPEG image"
        ]
    );
}

/// A compressed backup that takes a while to unpack.
fn slow(place: &Place) {
    let mut mailbox = MailboxSpec::new("box");
    mailbox.source = Some(MailboxSource::Synthetic {
        messages: 6000,
        message_bytes: 32 << 10,
        seed: 3,
        server: SyntheticServer::Dovecot,
    });
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.mailboxes.push(mailbox);
    let spec = Spec {
        subscriptions: vec![subscription],
        compression: Compression::Tar,
        ..Spec::default()
    };
    pack_form(&spec, Form::TarGz, &place.path("backup.tar.gz")).unwrap();
}

/// Starts a conversion, and ends it by a signal while the spool is being filled.
fn interrupted(place: &Place, signal: &str) -> std::process::Output {
    let child = Command::new(env!("CARGO_BIN_EXE_plesk2cpanel"))
        .args(["convert", "backup.tar.gz", "--output", "out", "--spool", "spool"])
        .current_dir(place.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while spooled(child.id()) == 0 {
        assert!(began.elapsed() < Duration::from_mins(1), "nothing was unpacked");
        std::thread::sleep(Duration::from_millis(1));
    }
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-s", signal, &id]).status().unwrap().success());
    child.wait_with_output().unwrap()
}

/// Bytes of the nameless file that a process has open.
fn spooled(process: u32) -> u64 {
    let Ok(open) = fs::read_dir(format!("/proc/{process}/fd")) else { return 0 };
    open.filter_map(Result::ok)
        .filter(|file| {
            let target = fs::read_link(file.path()).unwrap_or_default();
            target.to_string_lossy().ends_with("(deleted)")
        })
        .filter_map(|file| fs::metadata(file.path()).ok())
        .map(|metadata| metadata.len())
        .max()
        .unwrap_or_default()
}

#[test]
fn a_signal_while_the_spool_is_filled_leaves_nothing() {
    let place = Place::new();
    slow(&place);
    fs::create_dir(place.path("spool")).unwrap();
    for signal in ["INT", "TERM", "KILL"] {
        let output = interrupted(&place, signal);
        if signal == "KILL" {
            assert_eq!(output.status.code(), None);
        } else {
            assert_eq!(output.status.code(), Some(1), "SIG{signal}");
            let told = String::from_utf8(output.stderr).unwrap();
            assert_eq!(told, "error: interrupted; nothing half-written was left behind\n");
        }
        assert_eq!(place.entries("spool"), Vec::<String>::new(), "SIG{signal}");
        assert!(!place.path("out").exists(), "SIG{signal}");
    }
}

#[test]
fn a_full_disk_says_which_and_what_to_do() {
    let place = Place::new();
    pack_form(&spec(), Form::TarGz, &place.path("backup.tar.gz")).unwrap();
    // No file may grow beyond 8 KiB: the disk of a small machine.
    let run = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$0\" inspect backup.tar.gz --spool ."])
        .arg(Path::new(env!("CARGO_BIN_EXE_plesk2cpanel")))
        .current_dir(place.path(""))
        .output()
        .unwrap();
    assert_eq!(run.status.code(), Some(1));
    let told = String::from_utf8(run.stderr).unwrap();
    assert!(told.contains("`.` is too small to unpack `backup.tar.gz` into"), "{told}");
    assert!(told.contains("--spool DIR"), "{told}");
}

#[test]
fn a_chain_in_several_exports_is_the_chain_in_one() {
    let place = Place::new();
    let recorded =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/forms/increments.tar");
    fs::copy(&recorded, place.path("both.tar")).unwrap();
    fs::create_dir(place.path("apart")).unwrap();
    let new = |name: &str| tar::Builder::new(fs::File::create(place.path(name)).unwrap());
    let mut full = new("apart/full.tar");
    let mut increment = new("apart/increment.tar");
    let mut both = tar::Archive::new(fs::File::open(&recorded).unwrap());
    for member in both.entries().unwrap() {
        let member = member.unwrap();
        let name = member.path().unwrap().to_string_lossy().into_owned();
        // Files of an increment carry the stamp of the full backup and their own.
        let out = if name.contains("_2411220100_") { &mut increment } else { &mut full };
        let header = member.header().clone();
        out.append(&header, member).unwrap();
    }
    full.into_inner().unwrap();
    increment.into_inner().unwrap();
    let convert = |backup: &[&str], output: &str| {
        let run = place.run(&[&["convert"], backup, &["--output", output], &OLD_SERVER].concat());
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        let mut report = place.report(output);
        for field in ["name", "container"] {
            report["backup"].as_object_mut().unwrap().remove(field);
        }
        // What is about the backup is said under its name.
        for finding in report["findings"].as_array_mut().unwrap() {
            finding.as_object_mut().unwrap().remove("object");
        }
        (fs::read(place.path(output).join("cpmove-exampleuser.tar.gz")).unwrap(), report)
    };
    let expected = convert(&["both.tar"], "one");
    let separate = ["apart/full.tar", "apart/increment.tar"];
    assert!(convert(&separate, "two") == expected);
    assert!(convert(&[separate[1], separate[0]], "turned") == expected);
    assert!(convert(&["apart"], "directory") == expected);
    // Without the full backup the increment says what it lacks.
    let alone = convert(&[separate[1]], "alone");
    assert!(alone != expected && alone.1.to_string().contains("2411220100"));
}
