//! Files that a plan makes for the account's home, beside what is copied from the backup.

use plesk_backup::Domain;

/// What a plan makes besides the account itself.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    /// Files for the home.
    pub files: Vec<Extra>,
    /// Rows of the table of all mailing lists, which lies beside the archive.
    pub list_members: String,
}

/// A small file below `homedir/from-plesk/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extra {
    /// Path below the top of the archive.
    pub path: String,
    /// Content.
    pub bytes: Vec<u8>,
}

impl Extra {
    /// A file among those of a mailbox; `local` is the mailbox's name on the new server.
    pub(crate) fn beside(domain: &Domain, local: &str, file: &str, bytes: Vec<u8>) -> Extra {
        Extra::of_domain(domain, &format!("{}/{file}", directory_name(local)), bytes)
    }

    /// A file among those of a domain.
    pub(crate) fn of_domain(domain: &Domain, file: &str, bytes: Vec<u8>) -> Extra {
        let directory = crate::write::BESIDE;
        Extra { path: format!("homedir/{directory}/{}/{file}", domain.ascii_name), bytes }
    }
}

/// The name of an address or list as one of a directory: any text may stand in the metadata.
fn directory_name(text: &str) -> String {
    let mut name: String = text
        .chars()
        .map(|letter| if letter == '/' || letter.is_control() { '-' } else { letter })
        .collect();
    // A file's name takes so many bytes.
    while name.len() > 255 {
        name.pop();
    }
    match name.as_str() {
        "" | "." | ".." => "-".to_owned(),
        _ => name,
    }
}
