//! Folders that mail is saved to.

use crate::members::exim_string::quoted;
use crate::{DomainName, LocalPart};

/// How Exim reaches a folder.
pub(super) enum Folder {
    /// The mailbox itself.
    Inbox,
    /// By the name that it shows, behind a `+` in the address.
    Address(String),
    /// By its directory.
    Directory,
}

impl Folder {
    /// Looks at the name of a directory, without the leading dot.
    ///
    /// # Errors
    /// Why there can be no such directory.
    pub(super) fn new(name: &str) -> Result<Folder, String> {
        if name.eq_ignore_ascii_case("inbox") {
            return Ok(Folder::Inbox);
        }
        let failed = |reason: String| Err(format!("folder {name:?}: {reason}"));
        if let Some(character) = name.chars().find(|c| *c == '/' || c.is_control()) {
            return failed(format!("its name holds {character:?}"));
        }
        if name.split('.').any(str::is_empty) {
            return failed("one of its levels has no name".to_owned());
        }
        // With the leading dot, what a file system takes.
        if name.len() > 254 {
            return failed(format!("its name has {} bytes, and 254 are possible", name.len()));
        }
        Ok(shown(name).map_or(Folder::Directory, Folder::Address))
    }

    /// The line that Exim runs; for all but the inbox.
    pub(super) fn command(
        &self,
        domain: &DomainName,
        local: &LocalPart,
        name: &str,
    ) -> Result<String, String> {
        Ok(match self {
            Folder::Address(shown) => {
                let address = quoted("\"$local_part+", shown, "\"@$domain")?;
                format!("deliver {address}")
            }
            Folder::Inbox | Folder::Directory => {
                // The slash at the end says that it is a directory.
                let path = quoted("$home", &format!("/mail/{domain}/{local}/.{name}/"), "")?;
                format!("save {path} 660")
            }
        })
    }
}

/// The name as it shows, if it can stand in an address as it is: no encoding but that of `&`, and
/// no character that Exim, cPanel or LMTP take for something else or leave out.
fn shown(name: &str) -> Option<String> {
    let decoded = name.replace("&-", "&");
    let fits = |c: char| c.is_ascii_alphanumeric() || " -_.&#!'()=,".contains(c);
    let plain = decoded.matches('&').count() == name.matches("&-").count();
    let free_ends = decoded.trim() == decoded;
    (plain && free_ends && decoded.chars().all(fits)).then_some(decoded)
}
