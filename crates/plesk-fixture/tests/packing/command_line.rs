//! The binary `plesk-pack`.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use plesk_fixture::{MailboxSource, MemoryFile, Spec, pack_tar};

use super::listing;

fn pack(directory: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_plesk-pack"))
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_description_is_packed_with_paths_seen_from_it() {
    let directory = tempfile::tempdir().unwrap();
    let maildir = directory.path().join("recorded/mail/info/Maildir/cur");
    fs::create_dir_all(&maildir).unwrap();
    fs::write(maildir.join("1.h:2,S"), "x").unwrap();
    let spec = r#"{
        "level": "subscription", "compression": "tgz", "components": ["courier-imap"],
        "subscriptions": [{
            "name": "example.com",
            "mailboxes": [{
                "name": "info", "maildir": "mail/info",
                "password": {"type": "plain", "text": "secret"}, "quota": -1
            }]
        }]
    }"#;
    fs::write(directory.path().join("recorded/spec.json"), spec).unwrap();
    let output = pack(directory.path(), &["recorded/spec.json", "out.tar"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let list = listing(&directory.path().join("out.tar"));
    assert_eq!(list[2], "backup_domainmail_2401151030.tgz");
    let output = pack(directory.path(), &["recorded/spec.json", "out"], "");
    assert!(output.status.success());
    let archive = directory.path().join("out/backup_domainmail_2401151030.tgz");
    assert_eq!(listing(&archive).last().unwrap(), "info/Maildir/cur/1.h:2,S");
}

#[test]
fn the_printed_sample_gives_the_sample() {
    let directory = tempfile::tempdir().unwrap();
    let sample = pack(directory.path(), &["--sample"], "");
    let sample = String::from_utf8(sample.stdout).unwrap();
    assert!(pack(directory.path(), &["-", "from-json.tar"], &sample).status.success());
    pack_tar(&Spec::sample(), &directory.path().join("sample.tar")).unwrap();
    let read = |name: &str| fs::read(directory.path().join(name)).unwrap();
    assert!(read("from-json.tar") == read("sample.tar"), "the backups differ");
}

#[test]
fn a_list_of_descriptions_is_packed_as_several_dumps() {
    let directory = tempfile::tempdir().unwrap();
    let spec = |stamp: &str, base: &str| {
        format!(
            r#"{{"level": "subscription", "stamp": "{stamp}", {base}
                "subscriptions": [{{"name": "example.com", "hosting": "none"}}]}}"#
        )
    };
    let base = r#""base_stamp": "2401150000","#;
    let list = format!("[{}, {}]", spec("2401150000", ""), spec("2401150001", base));
    let output = pack(directory.path(), &["-", "out"], &list);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let output = pack(directory.path(), &["-", "out.tar"], &list);
    assert!(output.status.success());
    let packed = listing(&directory.path().join("out.tar"));
    for name in ["backup_info_2401150000.xml", "backup_info_2401150000_2401150001.xml"] {
        assert!(directory.path().join("out").join(name).exists(), "{name}");
        assert!(packed.contains(&name.to_owned()), "{packed:?}");
    }
}

#[test]
fn synthetic_settings_are_heard() {
    let directory = tempfile::tempdir().unwrap();
    let settings = "mailboxes=3,messages=4,size=900,server=courier,level=client,compression=tar,\
                    domain=bench.example,stamp=2512312359,seed=8";
    let output = pack(directory.path(), &["--synthetic", settings, "out"], "");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let domain = directory.path().join("out/domains/bench.example");
    let list = listing(&domain.join("backup_domainmail_2512312359.tar"));
    let count = |wanted: &str| list.iter().filter(|name| name.contains(wanted)).count();
    assert_eq!(count("/Maildir/courierpop3dsizelist"), 3);
    assert_eq!(count(".plesk.example.net,S="), 3 * 4);
    let xml = fs::read_to_string(domain.join("backup_info_2512312359.xml")).unwrap();
    assert!(
        xml.contains("name=\"user0002\"") && xml.contains("<component name=\"courier-imap\"/>")
    );
}

#[test]
fn old_forms_say_what_they_cannot_hold() {
    let directory = tempfile::tempdir().unwrap();
    let sample = pack(directory.path(), &["--sample"], "");
    let sample = String::from_utf8(sample.stdout).unwrap();
    for (form, version) in [("plesk8", "8.6.0"), ("plesk7", "7.5.4")] {
        let output = pack(directory.path(), &["--form", form, "-", form], &sample);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let told = String::from_utf8(output.stderr).unwrap();
        let site = "not held: addon.test: as a site of example.com; it is a domain of its own\n";
        assert!(told.starts_with(site), "{told}");
        let bytes = fs::read(directory.path().join(form)).unwrap();
        let head = String::from_utf8_lossy(&bytes[..200]).into_owned();
        assert!(head.contains(&format!("\nDumped-Psa-Version: {version}\n")), "{head}");
    }
    let list = format!("[{sample}, {sample}]");
    let output = pack(directory.path(), &["--form", "plesk8", "-", "out"], &list);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("an old form holds one dump"), "{error}");
}

#[test]
fn mistakes_end_with_a_message() {
    let directory = tempfile::tempdir().unwrap();
    for (arguments, input, complaint) in [
        (&["--synthetic", "messages=many", "out"][..], "", "messages=many: not a number"),
        (&["--synthetic", "colour=red", "out"], "", "colour is no setting of --synthetic"),
        (&["--synthetic", "server=exim", "out"], "", "server=exim"),
        (&["--synthetic", "messages=1"], "", "--synthetic wants OUT alone, 0 paths are given"),
        (&["only-one"], "", "SPEC and OUT are wanted, 1 paths are given"),
        (&["missing.json", "out"], "", "cannot open missing.json"),
        (&["-", "out"], r#"{"subscription": []}"#, "unknown field `subscription`"),
    ] {
        let output = pack(directory.path(), arguments, input);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(error.contains(complaint), "{arguments:?}: {error}");
    }
    assert!(fs::read_dir(directory.path()).unwrap().next().is_none());
}

#[test]
fn names_that_are_no_text_pass_through_json() {
    let mut spec = Spec::sample();
    let odd = MemoryFile::file(*b"Maildir/cur/\xff\xfe", 0, *b"\x80");
    spec.subscriptions[0].mailboxes[0].source = Some(MailboxSource::Files(vec![odd]));
    let json = serde_json::to_string(&spec).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let output = pack(directory.path(), &["-", "out.tar"], &json);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let (from_json, from_memory) =
        (directory.path().join("out.tar"), directory.path().join("memory.tar"));
    pack_tar(&spec, &from_memory).unwrap();
    assert!(fs::read(&from_json).unwrap() == fs::read(&from_memory).unwrap());
}
