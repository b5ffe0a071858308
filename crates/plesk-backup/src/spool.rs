//! Where what cannot be read in place is written to.

use std::path::PathBuf;

/// Where compressed archives are unpacked to that must be read at any place, and how large each of
/// them may become. They lie in files without a name, which are gone when the program is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spool {
    /// An existing directory; the system's temporary one when there is none.
    pub directory: Option<PathBuf>,
    /// Most bytes that may be unpacked; no limit but the disk when there is none.
    pub limit: Option<u64>,
}

impl Spool {
    /// The directory that is used.
    pub fn directory(&self) -> PathBuf {
        self.directory.clone().unwrap_or_else(std::env::temp_dir)
    }
}
