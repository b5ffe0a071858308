//! What a rule does with a message.

use crate::{FolderName, Text, Unsupported};

/// An action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Stores the message in a folder.
    FileInto {
        /// The folder.
        folder: FolderName,
        /// Whether the message stays for other actions and the implicit keep too (RFC 3894).
        copy: bool,
        /// Whether a folder that is missing is made (RFC 5490).
        create: bool,
        /// Flags for this copy; those that are set at this point when absent (RFC 5232).
        flags: Option<Vec<Text>>,
    },
    /// Sends the message on.
    Redirect {
        /// To whom.
        address: Text,
        /// Whether the message stays for other actions and the implicit keep too (RFC 3894).
        copy: bool,
    },
    /// Stores the message in the inbox.
    Keep {
        /// Flags for this copy; those that are set at this point when absent (RFC 5232).
        flags: Option<Vec<Text>>,
    },
    /// Takes the implicit keep away.
    Discard,
    /// Ends the script.
    Stop,
    /// Refuses the message.
    Reject {
        /// What the sender is told.
        text: Text,
        /// Whether it is `ereject`, which prefers a refusal in the SMTP session (RFC 5429).
        extended: bool,
    },
    /// Answers the sender.
    Vacation(Vacation),
    /// Adds flags to those that copies get from here on (RFC 5232; the older `imapflags` too).
    AddFlag(Vec<Text>),
    /// Replaces the flags that copies get from here on.
    SetFlag(Vec<Text>),
    /// Removes flags from those that copies get from here on.
    RemoveFlag(Vec<Text>),
    /// Tells somebody that the message came.
    Notify(Notify),
    /// A command outside the subset. What it does cannot be said.
    Unsupported(Unsupported),
}

/// An automatic answer (RFC 5230).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vacation {
    /// For how many days a sender gets no second answer.
    pub days: Option<u64>,
    /// The same in seconds (RFC 6131).
    pub seconds: Option<u64>,
    /// The answer's subject.
    pub subject: Option<Text>,
    /// The answer's From.
    pub from: Option<Text>,
    /// Further addresses of the owner, to which a message may have been sent.
    pub addresses: Vec<Text>,
    /// Whether `reason` is a MIME part with header, not plain text.
    pub mime: bool,
    /// What tells this answer apart from others.
    pub handle: Option<Text>,
    /// The text.
    pub reason: Text,
}

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// Which of the two extensions it is written for.
    pub form: NotifyForm,
    /// A URI such as `mailto:alice@example.com`; in [`NotifyForm::Draft`] its scheme alone, the
    /// address being the first option.
    pub method: Option<Text>,
    /// Options of the method.
    pub options: Vec<Text>,
    /// The text.
    pub message: Option<Text>,
    /// From whom.
    pub from: Option<Text>,
    /// 1 for high, 2 for normal, 3 for low.
    pub importance: Option<u8>,
    /// What names this notification for `denotify`; [`NotifyForm::Draft`] alone.
    pub id: Option<Text>,
}

/// The extension that a notification is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifyForm {
    /// `enotify` (RFC 5435).
    Standard,
    /// `notify` (draft-martin-sieve-notify), which Cyrus has and older webmails write.
    Draft,
}
