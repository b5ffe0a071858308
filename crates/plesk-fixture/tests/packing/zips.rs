//! Zips, as Python and Info-ZIP read them.

use plesk_fixture::{
    Compression, Form, MailboxSource, MailboxSpec, Spec, SubscriptionSpec, SyntheticServer, System,
    ZipMethod, pack_form,
};

use crate::{run, text};

/// Name, size, method and time of each member as Python sees them, also of zips inside.
const LIST: &str = r#"
import io, sys, zipfile
def show(archive, indent):
    assert archive.testzip() is None
    for entry in archive.infolist():
        print(indent + "|".join(map(str, [entry.orig_filename, entry.file_size,
            entry.compress_type, "%d-%02d-%02d %02d:%02d:%02d" % entry.date_time])))
        if entry.filename.endswith(".zip"):
            show(zipfile.ZipFile(io.BytesIO(archive.read(entry))), indent + "  ")
show(zipfile.ZipFile(sys.argv[1]), "")
"#;

fn packed(spec: &Spec, form: Form) -> (tempfile::TempDir, Vec<String>) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup.zip");
    pack_form(spec, form, &path).unwrap();
    let listed = run("python3", &["-c", LIST, text(&path)]);
    run("unzip", &["-tqq", text(&path)]);
    let lines = listed.lines().map(str::to_owned).collect();
    (directory, lines)
}

fn has(lines: &[String], wanted: &str) {
    assert!(lines.iter().any(|line| line == wanted), "{wanted}: {lines:#?}");
}

#[test]
fn a_tree_that_is_packed_anew() {
    for (zip_method, number) in [(ZipMethod::Stored, 0), (ZipMethod::Deflated, 8)] {
        let spec = Spec { zip_method, ..Spec::sample() };
        let (_directory, lines) = packed(&spec, Form::Zip);
        let name = "domains/example.com/.discovered/backup_info_2401151030/status_OK";
        has(&lines, &format!("{name}|0|{number}|2024-01-15 10:30:00"));
        assert!(lines.iter().any(|line| line.starts_with("backup_info_2401151030.xml|")));
    }
}

#[test]
fn what_windows_exports() {
    let (directory, lines) = packed(&Spec::sample(), Form::Windows);
    let mail = "domains\\example.com\\backup_domainmail_2401151030.zip|";
    assert!(lines.iter().any(|line| line.starts_with(mail)), "{lines:#?}");
    has(&lines, "  info\\Inbox\\|0|0|2024-01-15 09:13:20");
    has(&lines, "  info\\Inbox\\005A9B9C2535326F9FD42FDA1EAAC059.MAI|33|8|2024-01-15 09:13:20");
    assert!(lines.iter().any(|line| line.starts_with("  sales\\Sent Items\\")), "{lines:#?}");
    let script = "import sys, zipfile
name = 'domains/example.com/backup_info_2401151030.xml'.replace('/', chr(92))
print(zipfile.ZipFile(sys.argv[1]).read(name).decode())";
    let path = directory.path().join("backup.zip");
    let xml = run("python3", &["-c", script, text(&path)]);
    assert!(xml.contains("<os-description type=\"windows\"/>"), "{xml}");
    assert!(
        xml.contains("path=\"domains\\example.com\" offset=\"info\" referrer=\"true\""),
        "{xml}"
    );
}

#[test]
fn what_plesk_8_for_windows_writes() {
    let (directory, lines) = packed(&Spec::sample(), Form::Windows8);
    has(
        &lines,
        "example.com\\mail\\info\\005A9B9C2535326F9FD42FDA1EAAC059.MAI|33|0|2024-01-15 09:13:20",
    );
    has(&lines, "example.com\\httpdocs\\index.html|22|0|2024-01-15 10:30:00");
    let script =
        "import sys, zipfile; print(zipfile.ZipFile(sys.argv[1]).read('info.xml').decode())";
    let path = directory.path().join("backup.zip");
    let xml = run("python3", &["-c", script, text(&path)]);
    for wanted in [
        "<domain id=\"472\" name=\"example.com\" status=\"0\">",
        "<mail id=\"11\" mail_name=\"info\">",
        // 100 MiB.
        "<mbox_quota>102400</mbox_quota>",
        "<account type=\"plain\" password=\"PlainPa55\"/>",
        "<mail_redir id=\"1\" address=\"copy@example.net\"/>",
        "<dump arcname=\"example.com\\mail\\info\"/>",
        "<domain id=\"473\" name=\"addon.test\" status=\"0\">",
    ] {
        assert!(xml.contains(wanted), "{wanted}: {xml}");
    }
}

#[test]
fn what_the_forms_of_windows_cannot_hold_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("backup.zip");
    let all = "flags, state files, and what lies beside the messages of all mailboxes";
    let lost = |form| pack_form(&Spec::sample(), form, &path).unwrap();
    assert_eq!(lost(Form::Zip), Vec::<String>::new());
    assert_eq!(lost(Form::Windows), [all]);
    assert_eq!(
        lost(Form::Windows8),
        [
            all,
            "example.com: other names of the domain",
            "example.com: the address for all others",
            "example.com: aliases of info",
            "addon.test: as a site of example.com; it is a domain of its own",
        ]
    );
}

#[test]
fn the_same_spec_gives_the_same_bytes() {
    let directory = tempfile::tempdir().unwrap();
    for form in [Form::Zip, Form::Windows, Form::Windows8] {
        let paths = ["a.zip", "b.zip"].map(|name| directory.path().join(name));
        for path in &paths {
            pack_form(&Spec::sample(), form, path).unwrap();
        }
        let [a, b] = paths.map(|path| std::fs::read(path).unwrap());
        assert!(a == b, "{form:?}");
    }
}

/// Members that are too large for memory are written as a stream, with their sizes behind them.
#[test]
fn large_messages() {
    let mut subscription = SubscriptionSpec::new("example.com");
    subscription.mailboxes.push(MailboxSpec {
        source: Some(MailboxSource::Synthetic {
            messages: 20,
            message_bytes: 100 << 10,
            seed: 1,
            server: SyntheticServer::None,
        }),
        ..MailboxSpec::new("info")
    });
    let spec = Spec {
        subscriptions: vec![subscription],
        compression: Compression::Zip,
        system: System::Windows,
        ..Spec::default()
    };
    let (directory, lines) = packed(&spec, Form::Zip);
    let large = lines.iter().filter(|line| {
        line.starts_with("  info\\Maildir\\")
            && line.split('|').nth(1).is_some_and(|size| size.parse::<u64>().unwrap() > 64 << 10)
    });
    assert!(large.count() >= 1, "{lines:#?}");
    // Not as MailEnable keeps mail: that is made of maildirs that are there.
    let path = directory.path().join("windows.zip");
    assert!(pack_form(&spec, Form::Windows, &path).is_err());
}
