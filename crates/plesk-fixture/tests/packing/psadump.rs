//! Mail-like files of Plesk 8 and 7, taken apart by Python.

use std::path::Path;

use plesk_fixture::{
    Compression, PsadumpOptions, PsadumpVersion, Spec, TransferEncoding, pack_psadump,
};

use super::{listing, run, text};

/// Unpacks all parts into a directory, under their file names or identifiers.
const UNPACK: &str = r#"
import base64, email, os, quopri, re, sys
from xml.etree import ElementTree
raw = open(sys.argv[1], "rb").read()
# The parser for mail tells the structure; as content it takes CR for a line end.
message = email.message_from_bytes(raw)
print(message.get_content_type(), message["Dumped-Psa-Version"], message["Date"])
for outer in message.walk():
    if not outer.is_multipart():
        continue
    line = rb"(?:\r?\n|^)--" + re.escape(outer.get_boundary().encode()) + rb"(?:--)?\r?\n"
    for piece in re.split(line, raw)[1:-1]:
        head, body = re.split(rb"\r?\n\r?\n", piece, maxsplit=1)
        part = email.message_from_bytes(head)
        if part.get_boundary():
            continue
        encoding = part["Content-Transfer-Encoding"] or "binary"
        decode = {"binary": bytes, "base64": base64.b64decode, "quoted-printable": quopri.decodestring}
        name = part.get_filename() or (part["Content-ID"] or "dump.xml").strip("<>")
        open(os.path.join(sys.argv[2], name), "wb").write(decode[encoding](body))
        print(part.get_content_type(), encoding, name)
root = ElementTree.parse(os.path.join(sys.argv[2], "dump.xml")).getroot()
for element in root.iter():
    reference = element.get("cid") or (element.get("src") or "").removeprefix("cid:")
    if reference:
        assert os.path.exists(os.path.join(sys.argv[2], reference)), reference
"#;

fn unpack(options: &PsadumpOptions, spec: &Spec, directory: &Path) -> (Vec<String>, Vec<String>) {
    let file = directory.join("psadump");
    let lost = pack_psadump(spec, &file, options).unwrap();
    let parts = directory.join("parts");
    std::fs::create_dir(&parts).unwrap();
    let told = run("python3", &["-c", UNPACK, text(&file), text(&parts)]);
    (lost, told.lines().map(str::to_owned).collect())
}

#[test]
fn plesk_8() {
    let directory = tempfile::tempdir().unwrap();
    let options = PsadumpOptions::new(PsadumpVersion::Plesk8);
    let (lost, told) = unpack(&options, &Spec::sample(), directory.path());
    assert_eq!(lost, ["addon.test: as a site of example.com; it is a domain of its own"]);
    assert_eq!(
        told,
        [
            "multipart/mixed 8.6.0 15 Jan 2024 10:30:00 +0000",
            "text/xml binary dump.xml",
            "application/octet-stream binary example.com.httpdocs",
            "application/octet-stream binary exdb.sql",
            "application/octet-stream binary info@example.com.mdir",
            "application/octet-stream binary sales@example.com.mdir",
            "application/octet-stream binary addon.test.httpdocs",
            "application/octet-stream binary hello@addon.test.mdir",
        ]
    );
    let members = listing(&directory.path().join("parts/info@example.com.mdir"));
    assert_eq!(
        members,
        [
            "cur/",
            "cur/1705310001.M1P1.plesk.example.net,S=29:2,S",
            "cur/1705310002.M2P2.plesk.example.net,S=30:2,RS",
            "dovecot-uidlist",
            "new/",
            "new/1705310003.M3P3.plesk.example.net,S=29",
        ]
    );
    let xml = std::fs::read_to_string(directory.path().join("parts/dump.xml")).unwrap();
    // 100 MiB in KiB.
    assert!(xml.contains("<mailuser name=\"info\" mailbox-quota=\"102400\">"), "{xml}");
    assert!(xml.contains("<redirect>copy@example.net</redirect>"), "{xml}");
}

#[test]
fn plesk_7() {
    let directory = tempfile::tempdir().unwrap();
    let options = PsadumpOptions::new(PsadumpVersion::Plesk7);
    let spec = Spec { compression: Compression::Tar, ..Spec::sample() };
    let (lost, told) = unpack(&options, &spec, directory.path());
    assert!(lost.contains(&"example.com: IP addresses".to_owned()), "{lost:?}");
    assert_eq!(
        told[..5],
        [
            "multipart/mixed 7.5.4 15 Jan 2024 10:30:00 +0000",
            "text/xml binary dump.xml",
            "application/x-tar binary home.exampleuser@example.com",
            "application/octet-stream binary database.exdb@example.com",
            "application/x-tar binary mail.info@example.com",
        ]
    );
    let members = listing(&directory.path().join("parts/mail.info@example.com"));
    assert_eq!(members[..2], ["Maildir/", "Maildir/cur/"]);
    let members = listing(&directory.path().join("parts/home.exampleuser@example.com"));
    assert_eq!(members, ["httpdocs/", "httpdocs/index.html"]);
}

#[test]
fn the_same_in_any_spelling() {
    let content = |options: &PsadumpOptions| {
        let directory = tempfile::tempdir().unwrap();
        let (_, told) = unpack(options, &Spec::sample(), directory.path());
        let names = told[1..].iter().map(|line| line.rsplit(' ').next().unwrap().to_owned());
        let mut parts: Vec<(String, Vec<u8>)> = names
            .filter(|name| name != "smime.p7s")
            .map(|name| {
                let content = std::fs::read(directory.path().join("parts").join(&name)).unwrap();
                (name, content)
            })
            .collect();
        parts.sort();
        (told[0].split(' ').next().unwrap().to_owned(), parts)
    };
    for version in [PsadumpVersion::Plesk8, PsadumpVersion::Plesk7] {
        let plain = PsadumpOptions::new(version);
        let (_, expected) = content(&plain);
        for (encoding, signed, has_returns) in [
            (TransferEncoding::Base64, false, false),
            (TransferEncoding::Base64, true, true),
            (TransferEncoding::QuotedPrintable, true, false),
            (TransferEncoding::QuotedPrintable, false, true),
            (TransferEncoding::Binary, true, true),
        ] {
            let options = PsadumpOptions {
                encoding,
                signed,
                has_returns,
                metadata_last: signed,
                ..plain.clone()
            };
            let (kind, found) = content(&options);
            assert_eq!(kind, if signed { "multipart/signed" } else { "multipart/mixed" });
            assert!(found == expected, "{options:?}");
        }
    }
}
