//! What people did to such a file since; and a mailbox that is an mbox in it.

use std::fs;
use std::io::Write;

use plesk_fixture::{PsadumpOptions, PsadumpVersion, split};

use super::{backup, convert, has, members, pack};
use crate::support::{Place, tar};

/// What somebody did to a dump.
type Change<'a> = &'a dyn Fn(&Place);

#[test]
fn gzipped_in_parts_or_in_a_directory_it_is_the_same() {
    let expected = {
        let place = Place::new();
        pack(&place, &backup(), &PsadumpOptions::new(PsadumpVersion::Plesk8));
        assert_eq!(convert(&place, "psadump").status, Some(3));
        members(&place)
    };
    let compress = |place: &Place| {
        let plain = fs::read(place.path("psadump")).unwrap();
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        encoder.write_all(&plain).unwrap();
        place.write("dump.gz", &encoder.finish().unwrap());
        fs::remove_file(place.path("psadump")).unwrap();
    };
    let cut = |place: &Place| {
        let length = fs::metadata(place.path("psadump")).unwrap().len();
        split(&place.path("psadump"), length / 3 + 1).unwrap();
    };
    let into_directory = |place: &Place| {
        fs::create_dir(place.path("backups")).unwrap();
        fs::rename(place.path("psadump"), place.path("backups/old")).unwrap();
        place.write("backups/README", b"Backups of the old server.\n");
    };
    let forms: [(_, _, Change<'_>); 3] = [
        ("dump.gz", "psadump.gz", &compress),
        ("psadump.001", "psadump", &cut),
        ("backups", "psadump", &into_directory),
    ];
    for (path, container, change) in forms {
        let place = Place::new();
        pack(&place, &backup(), &PsadumpOptions::new(PsadumpVersion::Plesk8));
        change(&place);
        let run = convert(&place, path);
        assert_eq!(run.status, Some(3), "{}", run.transcript());
        let told = place.report("out")["backup"]["container"].as_str().unwrap().to_owned();
        assert!(told.contains(container), "{told}");
        assert!(members(&place) == expected, "{path}");
    }
    // Neither of two is passed over without a word.
    let place = Place::new();
    pack(&place, &backup(), &PsadumpOptions::new(PsadumpVersion::Plesk8));
    fs::copy(place.path("psadump"), place.path("other")).unwrap();
    let run = place.run(&["inspect", "psadump", "other"]);
    assert_eq!(run.status, Some(1), "{}", run.transcript());
    assert!(run.stderr.contains("can't be joined with another file"), "{}", run.stderr);
}

#[test]
fn a_mailbox_that_is_an_mbox() {
    let mbox = "From a@example.net Mon Jan  1 00:00:00 2007\nSubject: one\nStatus: RO\n\nfirst\n\n\
                From a@example.net Mon Jan  1 00:01:00 2007\nSubject: two\n\nsecond\n";
    let xml = "<migration-dump><domain name='example.com'><mailsystem><mailuser name='old'>\
               <mailbox type='mbox' enabled='true' cid='old.mbox'/></mailuser></mailsystem>\
               </domain></migration-dump>";
    let dump = |mbox: &str, end: &str| {
        format!(
            "Dumped-Psa-Version: 8.1.0\nContent-Type: multipart/mixed; boundary=B\n\n\
             --B\nContent-Disposition: attachment; filename=dump.xml\n\n{xml}\n\
             --B\nContent-Disposition: attachment; filename=old.mbox\n\n{mbox}{end}"
        )
    };
    let subjects = |place: &Place| {
        let archive = place.path("out/cpmove-examplecom.tar.gz");
        let names = String::from_utf8(tar(&["-tzf"], &archive)).unwrap();
        let mut subjects = Vec::new();
        for name in names.lines().filter(|name| name.contains("/old/") && !name.ends_with('/')) {
            if name.contains("/cur/") || name.contains("/new/") {
                let text = String::from_utf8(tar(&["-xzO", name, "-f"], &archive)).unwrap();
                subjects.push(text.lines().next().unwrap().to_owned());
            }
        }
        subjects.sort();
        subjects
    };
    let place = Place::new();
    place.write("psadump", dump(mbox, "\n--B--\n").as_bytes());
    let run = convert(&place, "psadump");
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    assert_eq!(subjects(&place), ["Subject: one", "Subject: two"]);
    // Cut in its second message: that one is not taken for a whole one.
    let place = Place::new();
    place.write("psadump", dump(&mbox[..mbox.len() - 4], "").as_bytes());
    let run = convert(&place, "psadump");
    assert_eq!(run.status, Some(3), "{}", run.transcript());
    has(&place.report("out"), "backup-damaged", "`old.mbox` (at byte ");
    assert_eq!(subjects(&place), ["Subject: one"], "{}", run.transcript());
}
