//! Recorded fixtures, converted: listings and text members that a reviewer can read.

use std::path::{Path, PathBuf};

use crate::support::{Place, tar};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/recorded")
}

/// Everything of an archive that is text and no message, in the order of the archive.
fn readable(archive: &Path) -> String {
    let listing = tar(&["--full-time", "-tvzf"], archive);
    let listing = String::from_utf8(listing).unwrap();
    let mut text = String::from("## members: mode, size, date, name\n");
    for line in listing.lines() {
        text.push_str(line);
        text.push('\n');
    }
    let names = String::from_utf8(tar(&["-tzf"], archive)).unwrap();
    for name in names.lines() {
        if name.ends_with('/') {
            continue;
        }
        if name.contains("/cur/") || name.contains("/new/") {
            continue;
        }
        let bytes = tar(&["-xzO", name, "-f"], archive);
        if bytes.is_empty() {
            continue;
        }
        text.push_str(&format!("\n## {name}\n{}", String::from_utf8(bytes).unwrap()));
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    text
}

fn check(name: &str, old_server: &str) {
    let place = Place::new();
    let backup = fixtures().join(name).join("backup.tar");
    let backup = backup.to_str().unwrap();
    let run = place.run(&["convert", backup, "--output", "out", "--old-server", old_server]);
    assert!(matches!(run.status, Some(0 | 3)), "{}", run.transcript());
    for entry in place.entries("out") {
        if entry.ends_with(".tar.gz") {
            insta::assert_snapshot!(
                format!("recorded-{name}-{entry}"),
                readable(&place.path("out").join(entry))
            );
        }
    }
    let report = std::fs::read_to_string(place.path("out/report.json")).unwrap();
    insta::assert_snapshot!(
        format!("recorded-{name}-report"),
        report.replace(env!("CARGO_PKG_VERSION"), "[VERSION]")
    );
}

macro_rules! recorded {
    ($($test:ident = $name:literal, $old_server:literal;)*) => {
        $(
            #[test]
            fn $test() {
                check($name, $old_server);
            }
        )*

        #[test]
        fn every_recording_is_tested() {
            let mut recorded: Vec<String> = std::fs::read_dir(fixtures())
                .unwrap()
                .map(|entry| entry.unwrap())
                .filter(|entry| entry.path().is_dir())
                .map(|entry| entry.file_name().into_string().unwrap())
                .collect();
            recorded.sort();
            let mut tested = vec![$($name),*];
            tested.sort_unstable();
            assert_eq!(recorded, tested);
        }
    };
}

recorded! {
    courier = "courier", "courier";
    dovecot_cpanel = "dovecot-cpanel", "dovecot:UID%u-%v";
    dovecot_default = "dovecot-default", "dovecot:%08Xu%08Xv";
    dovecot_f = "dovecot-f", "dovecot:%f";
    dovecot_g = "dovecot-g", "dovecot:%g";
    dovecot_u_v = "dovecot-u-v", "dovecot:%u-%v";
    dovecot_v_u = "dovecot-v.u", "dovecot:%v.%u";
    switched = "switched", "dovecot:%08Xu%08Xv";
}
