//! Mail addresses and where their mail comes from.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{AddressBookSpec, AutoresponderSpec, NamedFile, SpamSpec};

/// A `<mailuser>`.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct MailboxSpec {
    /// Local part as displayed; its directory gets the lower-case form.
    pub name: String,
    /// No value leaves the element out, as Plesk does for an empty password.
    pub password: Option<PasswordSpec>,
    /// `mailbox-quota` in bytes, negative is unlimited; no value leaves the attribute out.
    pub quota: Option<i64>,
    /// False leaves out the `mailbox` element: the address only forwards or answers.
    pub mailbox: bool,
    /// `mailbox/@enabled`.
    pub enabled: bool,
    /// Further local parts.
    pub aliases: Vec<String>,
    /// Addresses that mail is forwarded to.
    pub forwards: Vec<String>,
    /// `forwarding-enabled`: targets may stand there and be switched off.
    pub forwarding_enabled: bool,
    /// Short for [`MailboxSource::Tree`]; used when `source` is not set.
    pub maildir: Option<PathBuf>,
    /// The mail. None of both is a mailbox that was never used: nothing is packed for it.
    pub source: Option<MailboxSource>,
    /// Automatic answers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub autoresponders: Vec<AutoresponderSpec>,
    /// Files in `@attachments`, where autoresponders find what they attach.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<NamedFile>,
    /// The spam filter; no value leaves the element out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spam: Option<SpamSpec>,
    /// The webmail's address book; no value leaves the element out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address_book: Option<AddressBookSpec>,
    /// Verbatim XML put before the end of `preferences`.
    pub extra_xml: Option<String>,
}

impl Default for MailboxSpec {
    fn default() -> Self {
        Self {
            name: "info".into(),
            password: None,
            quota: None,
            mailbox: true,
            enabled: true,
            aliases: Vec::new(),
            forwards: Vec::new(),
            forwarding_enabled: false,
            maildir: None,
            source: None,
            autoresponders: Vec::new(),
            attachments: Vec::new(),
            spam: None,
            address_book: None,
            extra_xml: None,
        }
    }
}

impl MailboxSpec {
    /// A mailbox that was never used.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The same mailbox with the files of a tree on disk.
    #[must_use]
    pub fn with_tree(self, path: impl Into<PathBuf>) -> Self {
        Self { source: Some(MailboxSource::Tree(path.into())), ..self }
    }

    /// The same mailbox with files from memory.
    #[must_use]
    pub fn with_files(self, files: Vec<MemoryFile>) -> Self {
        Self { source: Some(MailboxSource::Files(files)), ..self }
    }

    /// The same mailbox with a password.
    #[must_use]
    pub fn with_password(self, password: PasswordSpec) -> Self {
        Self { password: Some(password), ..self }
    }

    /// Where the mail comes from; `source` goes before `maildir`.
    pub(crate) fn mail(&self) -> Option<MailboxSource> {
        self.source.clone().or_else(|| self.maildir.clone().map(MailboxSource::Tree))
    }

    /// Directories beside the Maildir that settings fill, with their files.
    pub(crate) fn beside(&self) -> Vec<(&'static str, &[NamedFile])> {
        let spam = self.spam.as_ref().map_or(&[][..], |spam| &spam.files);
        let directories = [(".spamassassin", spam), ("@attachments", &self.attachments[..])];
        directories.into_iter().filter(|(_, files)| !files.is_empty()).collect()
    }
}

/// A directory in the mail archive without a `mailuser`, as deleted mailboxes leave them.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct UnlistedSpec {
    /// Name of the directory.
    pub name: String,
    /// What lies in it.
    pub source: MailboxSource,
}

/// A `<password>`.
#[derive(Serialize, Deserialize, Default, Clone, Debug)]
#[serde(default, deny_unknown_fields)]
pub struct PasswordSpec {
    /// `plain`, `sym`, `encrypted` ...
    #[serde(rename = "type")]
    pub kind: String,
    /// `encoding="base64"` when given; `text` is written as it stands.
    pub encoding: Option<String>,
    /// The text.
    pub text: String,
}

impl PasswordSpec {
    /// A password of any type.
    pub fn new(kind: impl Into<String>, text: impl Into<String>) -> Self {
        Self { kind: kind.into(), encoding: None, text: text.into() }
    }

    /// A password in clear text.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::new("plain", text)
    }
}

/// Where the files of a mailbox come from.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "snake_case")]
pub enum MailboxSource {
    /// A directory: either the mailbox's own (`.../example.com/info`, holding `Maildir`), or a
    /// Maildir, told by its `cur` or `new`. Times and hard links are those on disk.
    Tree(PathBuf),
    /// Files with paths seen from the mailbox's directory (`Maildir/cur/...`). Directories are
    /// added, and everything is sorted as a walk over a real tree would give it.
    Files(Vec<MemoryFile>),
    /// Archive members in this order with exactly these names, nothing added, for odd archives.
    Raw(Vec<MemoryFile>),
    /// Mail made while packing: the same seed and numbers give the same bytes.
    Synthetic {
        /// How many messages.
        messages: u64,
        /// Their mean size in bytes.
        message_bytes: u64,
        /// Decides the content.
        #[serde(default)]
        seed: u64,
        /// Whose state files lie beside.
        #[serde(default)]
        server: SyntheticServer,
    },
}

/// The mail server that kept a synthetic mailbox.
#[derive(Serialize, Deserialize, Default, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum SyntheticServer {
    /// `dovecot-uidlist` in every folder, and `subscriptions`.
    #[default]
    Dovecot,
    /// `courierimapuiddb` in every folder, `courierpop3dsizelist`, `courierimapsubscribed`.
    Courier,
    /// No state files.
    None,
}

/// A file that lies in memory.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(deny_unknown_fields)]
pub struct MemoryFile {
    /// Path as bytes: names in archives need not be UTF-8. In JSON a string, or a list of numbers.
    #[serde(with = "bytes")]
    pub path: Vec<u8>,
    /// Seconds since 1970.
    #[serde(default)]
    pub mtime: i64,
    /// What it is.
    pub kind: MemoryKind,
}

/// What a [`MemoryFile`] is.
#[derive(Serialize, Deserialize, Clone, Debug)]
#[serde(rename_all = "snake_case")]
pub enum MemoryKind {
    /// A file with its content. In JSON a string, or a list of numbers.
    File(#[serde(with = "bytes")] Vec<u8>),
    /// A directory.
    Directory,
    /// A hard link to the member of this name, which is the whole name in the archive.
    HardLink(#[serde(with = "bytes")] Vec<u8>),
    /// A symbolic link.
    SymbolicLink(#[serde(with = "bytes")] Vec<u8>),
    /// A member of another type of the tar format, without content (`b'6'` is a FIFO).
    Other(u8),
}

impl MemoryFile {
    /// A file.
    pub fn file(path: impl Into<Vec<u8>>, mtime: i64, content: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), mtime, kind: MemoryKind::File(content.into()) }
    }

    /// A directory.
    pub fn directory(path: impl Into<Vec<u8>>, mtime: i64) -> Self {
        Self { path: path.into(), mtime, kind: MemoryKind::Directory }
    }

    /// A hard link; `target` is the whole name of a member (`info/Maildir/cur/...`).
    pub fn hard_link(path: impl Into<Vec<u8>>, mtime: i64, target: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), mtime, kind: MemoryKind::HardLink(target.into()) }
    }

    /// A symbolic link.
    pub fn symbolic_link(path: impl Into<Vec<u8>>, mtime: i64, target: impl Into<Vec<u8>>) -> Self {
        Self { path: path.into(), mtime, kind: MemoryKind::SymbolicLink(target.into()) }
    }
}

/// Bytes in JSON: text where they are text, numbers where they are not.
pub(super) mod bytes {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum TextOrNumbers {
        Text(String),
        Numbers(Vec<u8>),
    }

    pub(in crate::spec) fn serialize<S: Serializer>(
        bytes: &[u8],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => bytes.serialize(serializer),
        }
    }

    pub(in crate::spec) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<u8>, D::Error> {
        Ok(match TextOrNumbers::deserialize(from)? {
            TextOrNumbers::Text(text) => text.into_bytes(),
            TextOrNumbers::Numbers(numbers) => numbers,
        })
    }
}
