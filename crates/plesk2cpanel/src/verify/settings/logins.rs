//! Logins: whether the old password opens them, and nothing else does.

use sha_crypt::{PasswordVerifier, ShaCrypt};

use crate::plan::{LoginPlan, PlannedLogin};
use crate::verify::ledger::{Class, Ledger};

/// Compares the second field of a `shadow` line. Neither passwords nor hashes are shown.
pub(super) fn compare(meant: &LoginPlan, field: &str, object: &str, ledger: &mut Ledger) {
    let mut check = |holds: bool, text: &str| {
        ledger.check(Class::Login, object, holds, || text.to_owned());
    };
    // crypt(3) gives nothing for an empty field, and some programs take that for a match.
    check(!field.is_empty(), "the login has no password at all: anybody may get in");
    if field.is_empty() {
        return;
    }
    let (is_off, hash) = match field.strip_prefix('!') {
        Some(hash) => (true, hash),
        None => (false, field),
    };
    if matches!(meant.login, PlannedLogin::Locked) {
        check(
            matches!(field, "!!" | "!" | "*"),
            "the login should be locked, as the backup has no password that can be used",
        );
        return;
    }
    if meant.suspended {
        check(is_off, "the login was switched off on the old server, and is not here");
    } else {
        check(!is_off, "the login is switched off, and was not on the old server");
    }
    match &meant.login {
        PlannedLogin::Keep(known) => {
            check(hash == known.as_str(), "the hash is another one than the backup's");
        }
        PlannedLogin::Hash { plain, .. } => {
            check(opens(plain.expose(), hash), "the password of the backup does not open it");
        }
        PlannedLogin::Locked => {}
    }
}

/// Whether a password is the one of a `$6$` hash. The number of rounds is not the archive's to say:
/// with some it would take hours.
fn opens(plain: &str, hash: &str) -> bool {
    let usual = hash.starts_with("$6$") && !hash.starts_with("$6$rounds=");
    usual && ShaCrypt::default().verify_password(plain.as_bytes(), hash).is_ok()
}

#[cfg(test)]
mod tests {
    use super::opens;

    #[test]
    fn hashes_of_other_programs() {
        // openssl passwd -6 -salt saltsalt 'open sesame'
        let hash = "$6$saltsalt$e/5XKibXPLqVcfjpD.ouauaJrAOL5V0uo80Lt7n7EbRdRiCx3HbQ90yjOHr.G0T.\
                    mx79PEMRy8nmtr0qSYhQp1";
        assert!(opens("open sesame", hash));
        assert!(!opens("open sesam", hash));
        assert!(!opens("open sesame", &hash[..hash.len() - 1]));
        assert!(!opens("", ""));
        assert!(!opens("open sesame", "$6$saltsalt$"));
        assert!(!opens("open sesame", "$6$rounds=999999999$saltsalt$x"));
    }
}
