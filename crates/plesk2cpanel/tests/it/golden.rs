//! Recorded fixtures, converted: listings and text members that a reviewer can read.

use std::path::{Path, PathBuf};

use crate::support::{Place, tar};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/recorded")
}

/// Everything of an archive that is text and no message, in the order of the archive.
pub fn readable(archive: &Path) -> String {
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

/// Digests of all messages of a backup and of an archive, one line each and sorted: read by GNU tar,
/// which finds gzip and zstd by itself, and by nothing of ours.
const DIGESTS: &str = r#"
set -eu
mkdir in out-tree
tar xf "$1" -C in
for archive in $(find in -name 'backup_domainmail*'); do
  mkdir "$archive.d"
  tar xf "$archive" -C "$archive.d"
done
for archive in out/*.tar.gz; do tar xf "$archive" -C out-tree; done
digests() {
  find "$1" -type f \( -path '*/cur/*' -o -path '*/new/*' \) -exec sha256sum {} + | cut -c1-64 | sort
}
digests in > in.sums
digests out-tree > out.sums
wc -l < in.sums
diff in.sums out.sums
"#;

fn same_messages(place: &Place, backup: &str) {
    let output = std::process::Command::new("bash")
        .args(["-c", DIGESTS, "bash", backup])
        .current_dir(place.path(""))
        .env("LC_ALL", "C")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.trim().parse::<u32>().unwrap() > 80, "every recording has more: {text}");
}

fn check(name: &str, old_server: &str) {
    let place = Place::new();
    let backup = fixtures().join(name).join("backup.tar").canonicalize().unwrap();
    let backup = backup.to_str().unwrap();
    let run = place.run(&["convert", backup, "--output", "out", "--old-server", old_server]);
    assert!(matches!(run.status, Some(0 | 3)), "{}", run.transcript());
    same_messages(&place, backup);
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
                // Of several dumps not all messages come out.
                .filter(|name| !name.starts_with("chain-"))
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
