//! What the person who runs a conversion asks for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cpmove::{Form, UserName};
use mail_model::identity::OldServer;
use plesk_backup::{SecretKey, Spool, Stamp};

use crate::uidl::Truth;

/// How to read a backup: shared by `inspect` and `convert`.
#[derive(Clone, Default)]
pub struct ReadOptions {
    /// Domains to take; all when empty. A subscription is taken when one of its domains is named.
    pub only: Vec<String>,
    /// Read the dump with this stamp; by default each subscription's newest complete one.
    pub dump: Option<Stamp>,
    /// Which server served the mailboxes, as far as the files leave it open.
    pub old_server: OldServer,
    /// The old Dovecot had `pop3_reuse_xuidl = yes`: an `X-UIDL` header names the message.
    pub reuse_x_uidl: bool,
    /// What the living server answered, by mailbox.
    pub uidl_truth: Option<Truth>,
    /// The source server's key for `$AES-128-CBC$` passwords.
    pub secret_key: Option<SecretKey>,
    /// Make a group of forwards of each mailing list.
    pub lists_as_forwarders: bool,
    /// Where a compressed backup is unpacked to.
    pub spool: Spool,
    /// Account names chosen by hand, by the subscription's domain in lower-case ASCII.
    pub users: BTreeMap<String, UserName>,
}

/// How to write archives.
#[derive(Clone)]
pub struct WriteOptions {
    /// Existing directory that takes the archives and `report.json`.
    pub output: PathBuf,
    /// One file or a directory.
    pub form: Form,
    /// UIDs left free above the old server's next UID, for a later synchronisation.
    pub reserve_uids: u32,
    /// Threads for inflating, hashing and deflating, and accounts written side by side.
    pub jobs: usize,
    /// Replace archives and the report of an earlier run.
    pub force: bool,
}
