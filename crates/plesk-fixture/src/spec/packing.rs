//! How the files of a backup are packed.

use serde::{Deserialize, Serialize};

/// Format of inner archives.
#[derive(Serialize, Deserialize, Default, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// `.tar`, "do not compress backup files".
    Tar,
    /// `.tgz`, up to Plesk 18.0.39.
    Tgz,
    /// `.tzst`, since Plesk 18.0.40.
    #[default]
    Tzst,
    /// `.zip`, of Plesk for Windows. It knows no hard links: each name has the bytes.
    Zip,
}

/// The system that Plesk ran on.
#[derive(Serialize, Deserialize, Default, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum System {
    /// Linux.
    #[default]
    Unix,
    /// Windows: `os-description` says so, and `\` stands between the parts of paths, in the XML
    /// and in zips.
    Windows,
}

/// How files are packed into an outer zip.
#[derive(Serialize, Deserialize, Default, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum ZipMethod {
    /// As they are.
    #[default]
    Stored,
    /// Deflated, content archives once more.
    Deflated,
}

/// The form in which mail is kept.
#[derive(Serialize, Deserialize, Default, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum MailStore {
    /// As it is given.
    #[default]
    Maildir,
    /// The messages of given maildirs as MailEnable would keep them. Synthetic: see the packed
    /// files themselves.
    MailEnable,
}
