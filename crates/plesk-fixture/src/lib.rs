//! Builds Plesk backups for tests, recordings and benchmarks, packed as Plesk's Linux backup
//! writer packs them: a tree of XML metadata, inner archives and `.discovered` directories, on
//! disk or wrapped into one outer tar, which may be compressed or split.
//!
//! A backup is described by a [`Spec`], in which every field has a default, and packed by
//! [`pack_tar`] or [`pack_directory`]. Everything is streamed: a synthetic mailbox of many
//! gigabytes needs no more memory than a small one. The same spec gives the same bytes.
//!
//! ```
//! use plesk_fixture::{MailboxSpec, MemoryFile, Spec, SubscriptionSpec, pack_tar};
//!
//! let message = MemoryFile::file("Maildir/cur/1700000000.M1P1.host,S=9:2,S", 1_700_000_000, "A: b\n\nc\n");
//! let mut subscription = SubscriptionSpec::new("example.com");
//! subscription.mailboxes.push(MailboxSpec::new("info").with_files(vec![message]));
//! let mut spec = Spec::default();
//! spec.subscriptions.push(subscription);
//!
//! let directory = tempfile::tempdir()?;
//! pack_tar(&spec, &directory.path().join("backup_2401151030.tar"))?;
//! # Ok::<(), anyhow::Error>(())
//! ```
//!
//! Several dumps of one server go into one tree with [`pack_dumps_directory`] and
//! [`pack_dumps_tar`]; increments among them hold what changed since the dump before.
//!
//! [`pack_psadump`] packs the same as Plesk 8 and 7 did, into one mail-like file.
//!
//! The binary `plesk-pack` does the same from a JSON file, for programs that are not written in
//! Rust. [`corrupt`] damages what was packed.

mod archive;
mod chain;
pub mod corrupt;
mod discovered;
mod domain_xml;
mod form;
mod layout;
mod mail_content;
mod mail_enable;
mod mail_settings_xml;
mod metadata;
mod pack;
mod psadump;
mod sink;
mod spec;
mod synthetic;
mod tar_format;
mod walk;
mod windows8;
mod xml;
mod zip_format;

pub use form::{Form, pack_dumps_form, pack_form, split};
pub use pack::{pack_directory, pack_dumps_directory, pack_dumps_tar, pack_tar, pack_zip};
pub use psadump::{PsadumpOptions, PsadumpVersion, TransferEncoding, pack_psadump};
pub use spec::{
    AddressBookSpec, AutoresponderSpec, Compression, ContactGroupSpec, ContentPaths, DatabaseSpec,
    DkimSpec, DomainAliasSpec, Generation, Hosting, Level, MailLayout, MailStore, MailboxSource,
    MailboxSpec, MailingListSpec, MemoryFile, MemoryKind, NamedFile, PasswordSpec, RecipientSpec,
    Root, SiteSpec, SpamSpec, Spec, SubscriptionSpec, SyntheticServer, System, UnlistedSpec,
    ZipMethod,
};
