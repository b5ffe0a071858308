//! Reads Plesk backups: containers, metadata XML, content archives, passwords.
//!
//! A backup is opened as one read-only [`Tree`], whatever its container is; the metadata in it
//! become a [`Description`]; and the content archives that the description refers to are streamed
//! with [`ContentArchive::walk`]. Nothing is unpacked to disk, except a backup that is compressed as
//! a whole, and a zip that is packed once more inside of one: they go into nameless [`Spool`] files.
//!
//! ```
//! use plesk_backup::{Backup, MemberKind};
//!
//! # let path = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"),
//! #     "/../../fixtures/synthetic/backup_example.com_2401151030.tar"));
//! let backup = Backup::open(path)?;
//! let description = backup.describe()?;
//! let domain = &description.subscriptions[0].domain;
//! assert_eq!(domain.ascii_name, "example.com");
//! let mail = domain.mail.as_ref().expect("the sample has mail");
//! let mut files = 0;
//! let end = backup.open_content(&mail.content[0])?.walk(|member| {
//!     files += usize::from(member.kind == MemberKind::File);
//!     std::io::copy(member, &mut std::io::sink()).map(drop)
//! })?;
//! assert_eq!((files, end.damage), (18, None));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! This crate reads only. It knows Plesk's words, and other panels by the look of their backups
//! alone, to say what a file is that is none of Plesk's ([`LooksLike`]). It prints
//! nothing: what is damaged, missing or not understood is returned as a value
//! ([`Damage`], [`Problem`], [`ArchiveDamage`]).

mod archive;
mod backup;
mod container;
mod damage;
mod domain_name;
mod looks_like;
pub mod mail_content;
mod metadata;
mod open;
mod open_error;
mod password;
mod printable;
mod secret_key;
mod spool;
mod tar_format;
mod tree;
mod zip_format;

pub use archive::{
    ArchiveDamage, ArchiveError, ArchiveFormat, ContentArchive, DamageKind, Member, MemberKind,
    SingleFileError, VolumeOffset, WalkEnd, WalkError,
};
pub use backup::Backup;
pub use container::Container;
pub use damage::Damage;
pub use looks_like::LooksLike;
pub use metadata::{
    AddressBook, Autoresponder, Autoresponders, Contact, ContactGroup, ContentFile, ContentRef,
    DescribeError, DescribeOptions, Description, Dkim, Domain, DomainAlias, DomainKind, Dump,
    DumpLevel, EarlierContent, FileIndex, Forwarding, Hosting, MailQuota, MailServer, MailSystem,
    MailUser, MailboxSettings, MailingList, Problem, Recipient, Setting, SpamAction, SpamFilter,
    SpamScore, Stamp, Status, Subscription, SystemUser, UnnamedFiles,
};
pub use open::{Origin, Spooled, UnusedFile};
pub use open_error::OpenError;
pub use password::{HashScheme, Password, PasswordKind, Recovered, Secret};
pub use printable::printable;
pub use secret_key::{KeyError, SecretKey};
pub use spool::{OpenOptions, Spool};
pub use tree::{Entry, EntryId, EntryReader, Tree};
