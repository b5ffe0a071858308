//! What a mailbox is, and what servers called each message in it.
//!
//! POP3 clients know a message by its UIDL, IMAP clients by UIDVALIDITY and UID. A message that
//! loses them on the way to another server is downloaded again. This crate reads what Dovecot and
//! Courier left in a maildir, works out what each message was called and how sure that is, and
//! makes the files by which another Dovecot calls it the same. It does no I/O: bytes go in, values
//! and bytes come out. Names are bytes, and everything that is not as it should be is a value.
//!
//! ```
//! use mail_model::identity::*;
//! use mail_model::maildir::Place;
//!
//! let name = b"1600000480.M1P4.host,S=1337:2,S".to_vec();
//! let file = RawFile { place: Place::Cur, name, size: 1337, mtime: 1600000480, x_uidl: None };
//! let bytes = b"3 V1795386944 N54\n8 :1600000480.M1P4.host,S=1337\n".to_vec();
//! let inbox = RawFolder {
//!     files: vec![file],
//!     uidlist: Some(StateFile { bytes, mtime: 1600000500 }),
//!     ..RawFolder::default()
//! };
//! let mailbox = resolve(&RawMailbox { folders: vec![inbox], ..RawMailbox::default() }, &Rules::default());
//! let message = &mailbox.folders[0].messages[0];
//! assert_eq!(message.uid, 8);
//! assert_eq!(message.uidl.as_ref().unwrap().value, b"000000086b036e40");
//! assert_eq!(message.uidl.as_ref().unwrap().certainty, Certainty::Assumed);
//! let written = emit(&mailbox.folders[0], &EmitOptions::default()).uidlist.to_bytes();
//! assert_eq!(written, b"3 V1795386944 N54\n8 P000000086b036e40 :1600000480.M1P4.host,S=1337\n");
//! ```
//!
//! * [`maildir`]: file names, flags, the orders in which servers number files
//! * [`folder`]: folder names on disk and for people
//! * [`uidl`]: the formats of UIDLs, and listings of them
//! * [`dovecot`], [`courier`]: their files, and what a server over them answers
//! * [`identity`]: the decision, the writing and the check
//! * [`mbox`]: messages one after another in one file, and what servers keep in their headers
//! * [`headers`]: the few header fields that anybody asks for
//! * [`transport`]: a message without what its way added
//! * [`wire_size`]: how large a message is to POP3 and IMAP

pub mod courier;
pub mod dovecot;
pub mod folder;
pub mod headers;
pub mod identity;
pub mod maildir;
pub mod mbox;
pub mod transport;
pub mod uidl;
pub mod wire_size;
