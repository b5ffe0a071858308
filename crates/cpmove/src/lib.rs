//! Writes cPanel account archives (`cpmove-USER.tar.gz`), as `restorepkg` and the transfer tools take them.
//!
//! The crate knows cPanel's members and their text forms, and how to put them into an archive
//! whose bytes depend on nothing but what was given. It reads no foreign format.
//!
//! ```
//! use cpmove::*;
//!
//! let directory = tempfile::tempdir()?;
//! let domain = DomainName::new("example.com")?;
//! let account = Account::new(UserName::new("example")?, domain.clone(), 1_700_000_000);
//! let compressor = Compressor::new(2)?;
//! let mut writer =
//!     ArchiveWriter::create(directory.path(), &account.user, Form::TarGz, &compressor, false, account.stamp)?;
//! for member in account_members(&account)? {
//!     writer.member(&member)?;
//! }
//! let mut seen = 0;
//! let finished = writer.finish()?;
//! finished.read_back(|_member| { seen += 1; Ok(()) })?;
//! assert!(seen > 20);
//! assert!(finished.publish()?.ends_with("cpmove-example.tar.gz"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod account;
mod account_error;
mod archive;
mod autoresponder;
mod compressor;
mod dkim_key;
mod domain_name;
mod filter;
mod gzip;
mod local_part;
mod members;
mod ordered;
mod password;
mod spam;
mod user_name;

pub use account::{
    Account, AddressError, Alias, CatchAll, Destination, Domain, DomainKind, DomainMail,
    MailRouting, Mailbox,
};
pub use account_error::AccountError;
pub use archive::{
    ArchiveWriter, FinishedArchive, Form, MemberPathError, ReadBackError, ReadKind, ReadMember,
    WriteError,
};
pub use autoresponder::{Autoresponder, ContentType};
pub use compressor::Compressor;
pub use dkim_key::{DkimKey, DkimKeyError};
pub use domain_name::{DomainName, DomainNameError};
pub use filter::{Action, Join, MailboxFilter, Match, Part, Rule};
pub use local_part::{LocalPart, LocalPartError};
pub use members::{Member, MemberKind, account_members, maildir_path};
pub use password::{HashPasswordError, Login, PasswordHash, PasswordHashError, hash_password};
pub use spam::SpamSettings;
pub use user_name::{UserName, UserNameError};
