//! Sieve mail filters (RFC 5228), as webmails write them, read as data.
//!
//! [`parse`] turns a script into rules: a condition, actions, and the name that the webmail shows.
//! It understands what Roundcube's managesieve plugin and Horde's Ingo write. Everything else is
//! kept verbatim, with its place and the reason, so that nothing of a script goes missing in silence.
//! It runs no script, and it does no I/O.
//!
//! ```
//! use sieve_rules::*;
//!
//! let script = parse(b"require [\"fileinto\"];\n# rule:[Bills]\nif header :contains \"Subject\" \"Invoice\"\n{\n\tfileinto \"Bills\";\n\tstop;\n}\n")?;
//! let rule = &script.rules[0];
//! assert_eq!(rule.name, Some(Text::from("Bills")));
//! assert!(matches!(&rule.condition, Condition::Header { names, .. } if names[0] == "Subject"));
//! assert!(matches!(&rule.actions[0], Action::FileInto { folder, .. } if folder.as_utf8() == Some("Bills")));
//! assert!(rule.enabled && rule.stops);
//! assert!(script.unsupported.is_empty());
//! # Ok::<(), ParseError>(())
//! ```
//!
//! * [`Script`], [`Rule`]: what was understood, and [`Unsupported`], what was not
//! * [`Condition`], [`Action`]: the subset
//! * [`syntax`]: the grammar alone, for any script

mod action;
mod condition;
mod error;
mod folder;
mod read;
mod script;
pub mod syntax;
mod text;
mod unsupported;

pub use action::{Action, Notify, NotifyForm, Vacation};
pub use condition::{
    AddressPart, BodyTransform, Comparator, Comparison, Condition, Index, Matching, Relation, Zone,
};
pub use error::{ParseError, ParseErrorKind};
pub use folder::FolderName;
pub use read::parse;
pub use script::{Requirement, Rule, Script};
pub use syntax::{MAX_DEPTH, MAX_SIZE};
pub use text::Text;
pub use unsupported::{Reason, Unsupported};
