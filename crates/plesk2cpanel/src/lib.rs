//! Turns a Plesk backup into cPanel account archives, offline, so that no mail client downloads a
//! message twice.
//!
//! Data flows one way: [`plesk_backup`] reads, [`mail_model`] says what each message was called,
//! [`cpmove`] writes, and this crate joins them. A [`Job`] is one backup:
//!
//! ```no_run
//! use plesk2cpanel::{Interrupt, Job, ReadOptions, Silent};
//!
//! let job = Job::open("backup_2401151030.tar".as_ref(), ReadOptions::default())?;
//! let report = job.inspect(4, &Silent, &Interrupt::default())?;
//! for account in &report.accounts {
//!     println!("{}: {} mailboxes", account.domain, account.mailboxes.len());
//! }
//! # Ok::<(), plesk2cpanel::Error>(())
//! ```

mod account;
mod again;
mod chain;
pub mod cli;
mod content;
mod converted_before;
mod dumps;
mod error;
pub mod finding;
#[allow(dead_code, unused_imports, reason = "some of it is for commands to come")]
mod home;
pub mod html;
mod job;
mod mail_findings;
mod mailbox;
mod no_maildir;
mod options;
mod plan;
mod progress;
mod read_back;
pub mod report;
pub mod rescue;
mod scan;
mod storage;
pub mod summary;
pub mod sync;
mod time;
pub mod uidl;
pub mod verify;
mod wording;
mod write;

pub use error::Error;
pub use home::HomeError;
pub use job::{Job, REPORT, REPORT_PAGE};
pub use options::{ReadOptions, WriteOptions};
pub use progress::{Interrupt, Progress, Silent, Stage};
