//! What every archive has, whatever the account holds: without it the restore complains, or the
//! importers of other panels stop.

use plesk_backup::printable;

use super::Settings;
use crate::verify::ledger::{Class, Ledger};

/// Directories, some of which importers look for though they are empty.
pub(in crate::verify) const DIRECTORIES: &[&str] = &[
    "bandwidth",
    "bandwidth_db",
    "counters",
    "cp",
    "cron",
    "customizations",
    "dnssec_keys",
    "dnszones",
    "domainkeys",
    "domainkeys/private",
    "domainkeys/public",
    "homedir",
    "homedir/etc",
    "homedir/mail",
    "homedir/public_html",
    "httpfiles",
    "ips",
    "locale",
    "logs",
    "meta",
    "mms",
    "mysql",
    "mysql-timestamps",
    "resellerconfig",
    "resellerfeatures",
    "resellerpackages",
    "ssl",
    "sslcerts",
    "sslkeys",
    "suspended",
    "suspendinfo",
    "team",
    "userconfig",
    "userdata",
    "va",
    "vad",
    "vf",
];

/// Files that are the same in every archive.
const FILES: &[(&str, &str)] = &[
    ("autossl.json", r#"{"excluded_domains":[]}"#),
    ("digestshadow", ""),
    ("has_sslstorage", ""),
    ("ips/related_ips", ""),
    ("meta/dbprefix", "0"),
    // Anything else starts a conversion of UIDs.
    ("meta/mailserver", "dovecot"),
    ("mysql.sql", "-- cPanel mysql backup"),
    ("version", "pkgacct version: 10\narchive version: 4"),
];

/// Files that are there for a reason, and compared elsewhere.
const KNOWN: &[&str] = &[
    "addons",
    "homedir_paths",
    "meta/homedir_paths",
    "pds",
    "quota",
    "sds",
    "sds2",
    "shadow",
    "shell",
];

/// Directories whose files are compared elsewhere, one by one.
const LOOKED_INTO: &[&str] = &[
    "cp/",
    "domainkeys/private/",
    "homedir/",
    "suspended/",
    "suspendinfo/",
    "userdata/",
    "va/",
    "vad/",
    "vf/",
];

pub(super) fn compare(settings: &Settings<'_>, ledger: &mut Ledger) {
    let found = settings.found;
    for path in DIRECTORIES {
        let is_there = found.directories.contains(path.as_bytes());
        ledger.check(Class::Archive, path, is_there, || "the directory is missing".to_owned());
    }
    for (path, meant) in FILES {
        let Some(text) = settings.text(Class::Archive, path, ledger) else { continue };
        ledger.check(Class::Archive, path, text.trim_end() == *meant, || {
            format!("it should hold `{}`", meant.replace('\n', "`, `"))
        });
    }
    for path in found.texts.keys() {
        let known = str::from_utf8(path).is_ok_and(|path| {
            FILES.iter().any(|(known, _)| *known == path)
                || KNOWN.contains(&path)
                || LOOKED_INTO.iter().any(|directory| path.starts_with(directory))
        });
        ledger.check(Class::Archive, &printable(path), known, || {
            "nothing of the backup becomes this file".to_owned()
        });
    }
}
