//! The backup as the report has it: its files, its dumps, who wrote it.

use serde::{Deserialize, Serialize};

/// What the backup says about itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BackupFacts {
    /// File or directory name, without its path; of several, joined with ` + `.
    pub name: String,
    /// What it is: `directory`, `tar`, `tar.gz`, `parts of tar.zst` and so on; of several, joined
    /// with ` + `.
    pub container: String,
    /// Names of the parts in their order, when it was split.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// Bytes that the unpacked backup took in the spool, when it was compressed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "u64"))]
    pub spool_bytes: Option<u64>,
    /// Where the spool was; for people, and no part of the file.
    #[serde(skip)]
    pub spool_directory: Option<String>,
    /// `YYMMDDhhmm`, the old server's local time; where there are several dumps, the newest that was
    /// taken for any account.
    pub stamp: Option<String>,
    /// The dumps that it holds, the oldest first; absent when there is only one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dumps: Vec<DumpReport>,
    /// Version of the panel that wrote it.
    pub plesk_version: Option<String>,
    /// `dovecot` or `courier`, as the backup's list of components has it.
    pub installed_server: Option<String>,
}

/// One dump of a backup that holds several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DumpReport {
    /// `YYMMDDhhmm`; absent when its files were renamed.
    pub stamp: Option<String>,
    /// Stamp of the full dump, for an increment.
    pub base: Option<String>,
    /// `server`, `reseller`, `client`, `subscription` or `unknown`.
    pub level: String,
    /// What it is of: host name, login or domain.
    pub object: Option<String>,
    /// Directory of its metadata in the backup; empty for the root.
    pub path: String,
    /// Metadata files.
    pub metadata_files: usize,
    /// Subscriptions that they describe.
    pub subscriptions: usize,
    /// What Plesk left beside it: `status_OK` and the like.
    pub flags: Vec<String>,
    /// Whether everything is there that it names, and for an increment its base.
    pub complete: bool,
    /// Whether it was made with content, and not of settings alone.
    pub content_included: bool,
    /// Metadata that can't be read to their end, or are lost.
    pub damaged_metadata: Vec<String>,
    /// Archives that it names and the backup does not hold.
    pub missing_content: Vec<String>,
    /// Stamps of the dumps that an increment needs.
    pub needs: Vec<String>,
    /// Those of them that are not there.
    pub missing_dumps: Vec<String>,
    /// For how many subscriptions it was taken.
    pub taken_for: usize,
}
