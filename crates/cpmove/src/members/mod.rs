//! The members of an archive outside the maildirs.

mod autoresponders;
mod check;
mod cp_user;
mod domain_lists;
mod exim_string;
mod filters;
mod lines;
mod mail_files;
mod sites;
mod spam;
mod tree;
mod userdata;
mod valiases;

pub(crate) use self::check::{address, is_address_character};

use crate::{Account, AccountError, DomainName, LocalPart};
use sites::Sites;
use tree::Tree;

/// One member of an archive, complete in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The path below the top directory.
    pub path: Vec<u8>,
    /// The permission bits.
    pub mode: u32,
    /// What it is.
    pub kind: MemberKind,
}

/// What a [`Member`] is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberKind {
    /// A directory.
    Directory,
    /// A regular file with this content.
    File(Vec<u8>),
}

/// All members but the maildirs, sorted by path, directories before what they hold.
///
/// `homedir/mail` itself is among them and nothing below it: cPanel takes every strange file or
/// directory there for old mail and converts it. Each mailbox's directories are the caller's to
/// write, the mailbox without messages included.
///
/// Written is what cPanel's restore reads, and besides that the empty files and directories
/// without which the importers of other panels stop or lose a domain: `userdata/cache.json`,
/// `mysql/`, `mysql.sql`, `dnszones/`, and `va/`, `vad/` and `vf/` files for every domain,
/// the backing subdomains of addon domains included.
///
/// Left out on purpose: `CREATED_IN_VERSION` (must be the version of a cPanel that never was),
/// zones (the server makes its own), `meta/hostname` (nobody reads it), an empty `apache_tls/`
/// (one importer takes it for a certificate), and all caches.
///
/// # Errors
/// [`AccountError`] for the first thing that cPanel's files cannot say.
pub fn account_members(account: &Account) -> Result<Vec<Member>, AccountError> {
    check::account(account)?;
    let sites = Sites::of(account)?;
    let mut tree = Tree::default();
    skeleton(&mut tree);
    about_the_account(&mut tree, account)?;
    tree.file(&format!("cp/{}", account.user), cp_user::text(account, &sites)?);
    domain_lists::write(&mut tree, &sites);
    userdata::write(&mut tree, account, &sites);
    mail_files::write(&mut tree, account, &sites)?;
    home(&mut tree, account);
    spam::write(&mut tree, account)?;
    tree.into_members()
}

/// Where the maildir of a mailbox lies, relative to the top directory: `homedir/mail/DOMAIN/LOCAL`.
pub fn maildir_path(domain: &DomainName, local: &LocalPart) -> String {
    format!("homedir/mail/{domain}/{local}")
}

/// What every archive has, whatever the account holds.
fn skeleton(tree: &mut Tree) {
    for path in [
        "bandwidth",
        "bandwidth_db",
        "counters",
        "cp",
        "cron",
        "customizations",
        "dnszones",
        "domainkeys",
        "domainkeys/private",
        "domainkeys/public",
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
        "userdata",
        "va",
        "vad",
        "vf",
    ] {
        tree.directory(path, 0o700);
    }
    for path in ["dnssec_keys", "userconfig"] {
        tree.directory(path, 0o755);
    }
    tree.file("autossl.json", "{\"excluded_domains\":[]}");
    tree.file("digestshadow", "");
    tree.file("has_sslstorage", "");
    tree.file("ips/related_ips", "");
    // Which server wrote the maildirs: anything else starts a conversion of UIDs.
    tree.file("meta/mailserver", "dovecot");
    // Databases keep the names that they have.
    tree.file("meta/dbprefix", "0");
    tree.file("mysql.sql", "-- cPanel mysql backup\n");
    tree.file("version", "pkgacct version: 10\narchive version: 4\n");
}

/// Values with a file of their own. They stand without a newline: not every reader cuts it off.
fn about_the_account(tree: &mut Tree, account: &Account) -> Result<(), AccountError> {
    let home = format!("{}\n", home_directory(account));
    tree.file("homedir_paths", home.clone());
    tree.file("meta/homedir_paths", home);
    tree.file("shadow", account.password.shadow_field());
    tree.file("shell", account.shell.clone());
    // In megabytes, whatever cPanel's page about the archive says of bytes.
    check::disk_blocks(account)?;
    tree.file("quota", account.disk_quota_megabytes.unwrap_or(0).to_string());
    if let Some(reason) = &account.suspended {
        tree.file(&format!("suspended/{}", account.user), reason.clone());
        // The shell to give back at the end of the suspension.
        let shell = format!("shell={}\n", account.shell);
        tree.file(&format!("suspendinfo/{}", account.user), shell);
    }
    Ok(())
}

fn home(tree: &mut Tree, account: &Account) {
    tree.directory("homedir", 0o711);
    tree.directory("homedir/etc", 0o750);
    tree.directory("homedir/mail", 0o751);
    tree.directory("homedir/public_html", WEB_ROOT_MODE);
    if let Some(address) = &account.contact_email {
        // DirectAdmin's importer knows the contact from the first line of this file only.
        tree.file("homedir/.contactemail", format!("email: {address}\n"));
    }
}

/// cPanel itself keeps web roots at 0750 and in the web server's group. A restore gives all files
/// to the account's group, and with 0750 the web server would be locked out.
const WEB_ROOT_MODE: u32 = 0o755;

fn home_directory(account: &Account) -> String {
    format!("/home/{}", account.user)
}
