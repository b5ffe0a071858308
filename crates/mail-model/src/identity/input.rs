//! What is known of a mailbox before anything is decided.

use crate::courier::MessageKeywords;
use crate::dovecot::UidList;
use crate::maildir::Place;
use crate::uidl::{ListedUidl, UidlFormat};
use crate::wire_size::WireSize;
use std::collections::HashMap;

/// One file of state with its mtime (epoch seconds).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateFile {
    /// Its content.
    pub bytes: Vec<u8>,
    /// When it was last written, in seconds since 1970.
    pub mtime: i64,
}

/// One folder as it lies in the maildir, or as one that was kept otherwise would lie there.
#[derive(Clone, Debug, Default)]
pub struct RawFolder {
    /// The directory below the maildir, `.Work.2020`; empty for INBOX.
    pub dir: Vec<u8>,
    /// Every regular file or hard link in `cur/` and `new/`.
    pub files: Vec<RawFile>,
    /// `dovecot-uidlist`.
    pub uidlist: Option<StateFile>,
    /// `dovecot-keywords`.
    pub dovecot_keywords: Option<StateFile>,
    /// The mtime of the newest `dovecot.index*`.
    pub index_log_mtime: Option<i64>,
    /// `courierimapuiddb`.
    pub uiddb: Option<StateFile>,
    /// The files of `courierimapkeywords/`: name in that directory, and content.
    pub courier_keywords: Vec<(Vec<u8>, Vec<u8>)>,
    /// For a folder that was an mbox: what its messages say of their UIDs, by the base names that
    /// they got here ([`Mbox::uid_list`](crate::mbox::Mbox::uid_list)).
    pub mbox_uids: Option<UidList>,
    /// Keywords that the old storage kept otherwise than in names and lists, by base name.
    pub keywords: MessageKeywords,
    /// UIDLs by base name, for a server that keeps no list and is only said to name messages so.
    pub said_uidls: HashMap<Vec<u8>, Vec<u8>>,
}

/// One file in `cur/` or `new/`.
#[derive(Clone, Debug)]
pub struct RawFile {
    /// In which of the two.
    pub place: Place,
    /// Its name.
    pub name: Vec<u8>,
    /// Its size in bytes.
    pub size: u64,
    /// Its mtime, in seconds since 1970.
    pub mtime: i64,
    /// The value of its `X-UIDL` header field; needed only with [`Rules::reuse_x_uidl`].
    pub x_uidl: Option<Vec<u8>>,
}

/// One mailbox.
#[derive(Clone, Debug, Default)]
pub struct RawMailbox {
    /// Its folders, INBOX among them, in any order.
    pub folders: Vec<RawFolder>,
    /// `courierpop3dsizelist`.
    pub pop3_sizelist: Option<StateFile>,
    /// `subscriptions`.
    pub dovecot_subscriptions: Option<StateFile>,
    /// `courierimapsubscribed`.
    pub courier_subscribed: Option<StateFile>,
    /// What the old server said of INBOX over POP3, while it lived.
    pub listing: Option<RawListing>,
}

/// A listing of the UIDLs of INBOX, taken from the living server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawListing {
    /// Its messages, in its order.
    pub entries: Vec<ListedUidl>,
    /// How large the files of INBOX are to clients, by their index in [`RawFolder::files`]; without
    /// that, sizes are not compared and numbers of messages say nothing.
    pub sizes: Vec<Option<WireSize>>,
}

/// A server that keeps maildirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ServerKind {
    /// Dovecot.
    Dovecot,
    /// Courier.
    Courier,
}

impl std::fmt::Display for ServerKind {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            ServerKind::Dovecot => "dovecot",
            ServerKind::Courier => "courier",
        })
    }
}

/// What the operator said about the old server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OldServer {
    /// Nothing.
    #[default]
    Auto,
    /// Dovecot, with this `pop3_uidl_format`.
    Dovecot(UidlFormat),
    /// Courier.
    Courier,
}

/// What holds for a whole conversion.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What the operator said.
    pub old_server: OldServer,
    /// Which server the old machine had installed, as far as known.
    pub installed: Option<ServerKind>,
    /// Whether the old Dovecot had `pop3_reuse_xuidl = yes`.
    pub reuse_x_uidl: bool,
    /// UIDVALIDITY for folders without any: a time, such as the backup's. Folders of one mailbox
    /// that need one get this and the numbers after it, passing over every value that any folder
    /// of the mailbox has or had.
    pub new_uidvalidity: u32,
    /// The `pop3_uidl_format` of the new server. Messages that never had a UIDL get what it gives,
    /// and the next UID is kept clear of values that it has yet to give.
    pub target_format: UidlFormat,
}

impl Default for Rules {
    /// Nothing known of the old server, `UID%u-%v` on the new one, UIDVALIDITY from 1 on.
    fn default() -> Self {
        Rules {
            old_server: OldServer::Auto,
            installed: None,
            reuse_x_uidl: false,
            new_uidvalidity: 1,
            target_format: UidlFormat::uid_dash_validity(),
        }
    }
}
