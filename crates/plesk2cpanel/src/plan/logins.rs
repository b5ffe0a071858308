//! What becomes of a password.

use cpmove::{Login, PasswordHash, hash_password};
use plesk_backup::{Password, Recovered, Secret, SecretKey};

use crate::finding::{Finding, LOGIN_LOCKED, LOGIN_SUSPENDED, PASSWORD_WEAK};
use crate::report::LoginReport;

/// A login as planned. Hashing takes milliseconds each, so a plan that is only shown does without.
#[derive(Clone)]
pub(crate) enum PlannedLogin {
    /// The backup's own hash.
    Keep(PasswordHash),
    /// To be hashed; the seed fixes the salt.
    Hash {
        /// The password.
        plain: Secret,
        /// What the salt is made from. Never the password itself: a salt that depends on it would
        /// let anybody test guesses with one cheap hash instead of five thousand rounds.
        salt_seed: Vec<u8>,
    },
    /// Nobody gets in.
    Locked,
}

/// A login, and whether it is to be switched off though it is usable.
#[derive(Clone)]
pub(crate) struct LoginPlan {
    /// The credential.
    pub login: PlannedLogin,
    /// Keep the credential, and let nobody in.
    pub suspended: bool,
}

impl LoginPlan {
    /// What the report says of it.
    pub(crate) fn report(&self) -> LoginReport {
        match (&self.login, self.suspended) {
            (PlannedLogin::Locked, _) => LoginReport::Locked,
            (_, true) => LoginReport::Suspended,
            (PlannedLogin::Keep(_), false) => LoginReport::HashKept,
            (PlannedLogin::Hash { .. }, false) => LoginReport::Hashed,
        }
    }

    /// The login as it is written.
    ///
    /// # Errors
    /// When the password can't be hashed.
    pub(crate) fn to_login(&self) -> Result<Login, String> {
        let hash = match &self.login {
            PlannedLogin::Locked => return Ok(Login::Locked),
            PlannedLogin::Keep(hash) => hash.clone(),
            PlannedLogin::Hash { plain, salt_seed } => {
                hash_password(plain.expose(), salt_seed).map_err(|error| error.to_string())?
            }
        };
        Ok(if self.suspended { Login::LockedHash(hash) } else { Login::Hash(hash) })
    }
}

/// Plans the login of `object`; `salt_seed` must be unlike that of every other login.
pub(super) fn plan_login(
    object: &str,
    password: Option<&Password>,
    key: Option<&SecretKey>,
    salt_seed: Vec<u8>,
    suspended: Option<&str>,
    findings: &mut Vec<Finding>,
) -> LoginPlan {
    let recovered = password.map_or(Recovered::Empty, |password| password.recover(key));
    let mut locked = |why: String, remedy: Option<&str>| {
        findings.push(match remedy {
            Some(remedy) => LOGIN_LOCKED.with_remedy(object, why, remedy),
            None => LOGIN_LOCKED.about(object, why),
        });
        PlannedLogin::Locked
    };
    let login = match recovered {
        Recovered::Plain(plain) => PlannedLogin::Hash { plain, salt_seed },
        Recovered::Hash(hash) => match PasswordHash::new(&hash) {
            Ok(hash) => PlannedLogin::Keep(hash),
            Err(error) => locked(
                format!(
                    "the backup holds a hash that cPanel can't use ({error}); the login is locked"
                ),
                None,
            ),
        },
        Recovered::NeedsKey => locked(
            "the password is encrypted with the old server's key; the login is locked".to_owned(),
            Some(
                "copy /etc/psa/private/secret_key from the old server and convert again with \
                 --secret-key FILE, or set a password after the restore",
            ),
        ),
        Recovered::WrongKey => locked(
            "the password is encrypted, and the key that was given does not open it; the login is \
             locked"
                .to_owned(),
            Some(
                "take the key file from the server that made this backup; if the backup was \
                 protected with a password, make one without",
            ),
        ),
        Recovered::Empty => {
            locked("the backup holds no password; the login is locked".to_owned(), None)
        }
        Recovered::Unknown => locked(
            "the backup holds the password in a form that is not known; the login is locked"
                .to_owned(),
            None,
        ),
    };
    if let PlannedLogin::Keep(hash) = &login
        && hash.is_weak()
    {
        findings.push(PASSWORD_WEAK.about(
            object,
            "the backup holds only an old kind of hash (MD5 or DES); it is kept as it is",
        ));
    }
    if let Some(why) = suspended
        && !matches!(login, PlannedLogin::Locked)
    {
        findings.push(LOGIN_SUSPENDED.about(object, format!("{why}; the login is switched off")));
    }
    LoginPlan { login, suspended: suspended.is_some() }
}
