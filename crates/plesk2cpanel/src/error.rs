//! What ends an account or the whole run.
//!
//! An error is not a finding: findings stand in the report and never interrupt. The text says what
//! happened, with names and both numbers; the hint, apart from it, says what to do.

mod hint;

use std::path::{Path, PathBuf};

use mail_model::uidl::ListingError;

/// Ends an account or the run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The backup can't be opened or is none.
    #[error(transparent)]
    Open(#[from] plesk_backup::OpenError),
    /// Its metadata can't be used.
    #[error(transparent)]
    Describe(#[from] plesk_backup::DescribeError),
    /// A content archive can't be read at all.
    #[error("{archive}: {text}")]
    Archive {
        /// Member of the backup.
        archive: String,
        /// Why.
        text: String,
    },
    /// A content archive changed between the two passes over it.
    #[error("{archive}: {text}")]
    ChangedMeanwhile {
        /// Member of the backup.
        archive: String,
        /// What was different.
        text: String,
    },
    /// The backup is one, and has nothing to convert.
    #[error("{backup} holds no subscription")]
    NoSubscription {
        /// Name of the backup.
        backup: String,
    },
    /// `--only` names a domain that the backup does not hold.
    #[error("no subscription in {backup} has the domain `{domain}`; it has {known}")]
    UnknownDomain {
        /// Name of the backup.
        backup: String,
        /// What was asked for.
        domain: String,
        /// What is there.
        known: String,
    },
    /// `--user` names a subscription that the backup does not hold.
    #[error("--user names `{domain}`, which is no subscription of {backup}; it has {known}")]
    UnknownSubscription {
        /// Name of the backup.
        backup: String,
        /// What was asked for.
        domain: String,
        /// What is there.
        known: String,
    },
    /// Two subscriptions would get the same account name.
    #[error("--user gives the account name `{name}` to both {first} and {second}")]
    UserTwice {
        /// The name.
        name: String,
        /// One subscription.
        first: String,
        /// The other.
        second: String,
    },
    /// All mail of an account is missing or unreadable.
    #[error("no mail of {domain} can be read: {text}")]
    NoMail {
        /// Main domain.
        domain: String,
        /// The first archive that is missing, and why.
        text: String,
    },
    /// The account can't be said in cPanel's terms.
    #[error("{domain}: {text}")]
    Account {
        /// Main domain.
        domain: String,
        /// Why.
        text: String,
    },
    /// Writing failed.
    #[error(transparent)]
    Write(#[from] cpmove::WriteError),
    /// The finished archive, read again, is not what was meant.
    #[error("{archive} was written but reads back differently: {difference}{}", more(*.count))]
    ReadBack {
        /// The archive's name.
        archive: String,
        /// The first difference.
        difference: String,
        /// How many there are.
        count: usize,
    },
    /// The output directory can't be used.
    #[error("cannot use the output directory {}", path.display())]
    Output {
        /// The directory or file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A rescue is to write, and knows nothing of who was there since the move.
    #[error("--write needs --since TIME or --pop3-log FILE")]
    RescueBlind,
    /// A log that is to tell of POP3 sessions has no line of Dovecot's.
    #[error("--pop3-log: {} has no line of Dovecot's, so that it does not tell who was there", path.display())]
    NotDovecotLog {
        /// The log.
        path: PathBuf,
    },
    /// A rescue is to write into an archive.
    #[error("{} is an archive: it can't be written", path.display())]
    HomeIsArchive {
        /// The archive.
        path: PathBuf,
    },
    /// No mailbox of the backup stands in any of the homes.
    #[error("no mailbox of {backup} is in the homes that were named")]
    NothingToRescue {
        /// Name of the backup.
        backup: String,
    },
    /// Something of an account's home can't be read or written.
    #[error(transparent)]
    Home(#[from] crate::home::HomeError),
    /// A file that an option names can't be read.
    #[error("{option}: cannot read {}: {text}", path.display())]
    OptionFile {
        /// The option.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        text: String,
    },
    /// The file that `--secret-key` names is no key.
    #[error("--secret-key {} is no key", path.display())]
    SecretKey {
        /// The file.
        path: PathBuf,
        /// Why.
        source: plesk_backup::KeyError,
    },
    /// There is no such mailbox in the backup.
    #[error("{backup} has no mailbox `{address}`{near}")]
    UnknownAddress {
        /// Name of the backup.
        backup: String,
        /// What was asked for.
        address: String,
        /// Those that are called much the same, as the end of the sentence.
        near: String,
    },
    /// A file that should hold a server's listing of UIDLs holds none.
    #[error("{option}: `{}` is no listing of UIDLs", path.display())]
    Listing {
        /// The option.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: ListingError,
    },
    /// Two listings of one mailbox.
    #[error("--uidl-truth: {first} and {second} are both listings of {address}")]
    ListingTwice {
        /// The mailbox.
        address: String,
        /// One file.
        first: String,
        /// The other.
        second: String,
    },
    /// What should be compared is no archive.
    #[error("{} is no archive: {text}", path.display())]
    NotAnArchive {
        /// What was named.
        path: PathBuf,
        /// Why.
        text: String,
    },
    /// An archive that should be compared can't be read to its end.
    #[error("{archive}: {text}")]
    ReadArchive {
        /// Its name.
        archive: String,
        /// The member, and what is wrong.
        text: String,
    },
    /// An archive that should be compared is of no subscription of the backup.
    #[error("{archive} has {domains}, which fits no subscription of {backup}, or several")]
    NoSuchAccount {
        /// Its name.
        archive: String,
        /// Domains of its account.
        domains: String,
        /// Name of the backup.
        backup: String,
    },
    /// The backup's side of a comparison can't be worked out.
    #[error("{text}")]
    NotVerified {
        /// Why.
        text: String,
        /// What to do.
        hint: Option<String>,
    },
    /// There is no room for a temporary file.
    #[error("cannot use a temporary file")]
    Temporary {
        /// Why.
        source: std::io::Error,
    },
    /// A report that the command line names can't be read.
    #[error("cannot read the report {}", path.display())]
    ReportFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file that the command line names is no report that this program reads.
    #[error("{} is no report to work with", path.display())]
    Report {
        /// The file.
        path: PathBuf,
        /// Why.
        source: crate::report::ReadError,
    },
    /// A report has no account of a domain that the command line names.
    #[error("{} has no account `{domain}`", path.display())]
    UnknownAccount {
        /// The report.
        path: PathBuf,
        /// What was asked for.
        domain: String,
    },
    /// A page can't be written.
    #[error("cannot write {}", path.display())]
    Page {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The report of an earlier run is in the way.
    #[error("{} exists already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// What a synchronisation should write is there already.
    #[error("{} exists already", path.display())]
    OutputExists {
        /// The directory.
        path: PathBuf,
    },
    /// A mailbox was converted before, from another backup.
    #[error(
        "{mailboxes} {} converted before, from {earlier}, as {} says",
        if *.several { "were" } else { "was" }, report.display()
    )]
    ConvertedBefore {
        /// Addresses.
        mailboxes: String,
        /// Whether they are several.
        several: bool,
        /// The dump or backup of then.
        earlier: String,
        /// Report of that conversion.
        report: PathBuf,
        /// The backup of now, as the command line names it.
        backup: String,
    },
    /// The system gives no threads.
    #[error("cannot start threads: {text}")]
    Threads {
        /// Why.
        text: String,
    },
    /// Somebody asked the run to end.
    #[error("interrupted; nothing half-written was left behind")]
    Interrupted,
}

fn more(count: usize) -> String {
    if count > 1 { format!(" (and {} more differences)", count - 1) } else { String::new() }
}

/// Without what `tempfile` adds to the system's words.
fn without_temporary(text: &str) -> String {
    const BEGIN: &str = " at path \"";
    let mut parts = text.split(BEGIN);
    let mut plain = parts.next().unwrap_or_default().to_owned();
    plain.extend(parts.filter_map(|part| part.split_once('"')).map(|(_, rest)| rest));
    plain
}

/// Files in a directory by their names alone, and the directory itself by what it is.
fn without_directory(text: &str, directory: &Path) -> String {
    let name = directory.display().to_string();
    let name = name.trim_end_matches('/');
    if name.is_empty() {
        return text.to_owned();
    }
    let inside = |letter: char| letter.is_alphanumeric() || "/._-".contains(letter);
    let (mut plain, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(name) {
        let (before, found) = rest.split_at(at);
        plain.push_str(before);
        let behind = &found[name.len()..];
        let begins = !plain.ends_with(inside);
        rest = match behind.strip_prefix('/') {
            Some(behind) if begins => behind,
            // A relative one may be a word of the text.
            None if begins && directory.is_absolute() && !behind.starts_with(inside) => {
                plain.push_str("the output directory");
                behind
            }
            _ => {
                plain.push_str(name);
                behind
            }
        };
    }
    plain + rest
}

impl Error {
    /// Joins what a visitor and the archive itself can report.
    pub(crate) fn walk(archive: String, error: plesk_backup::WalkError<Error>) -> Error {
        match error {
            plesk_backup::WalkError::Visitor(error) => error,
            decoder @ plesk_backup::WalkError::Decoder(_) => {
                Error::Archive { archive, text: decoder.to_string() }
            }
        }
    }

    /// What happened, with every cause behind it, each once.
    pub fn full_text(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let more = error.to_string();
            if !text.ends_with(&more) {
                text.push_str(": ");
                text.push_str(&more);
            }
            cause = error.source();
        }
        text
    }

    /// The same for a report, which is the same wherever it is written: without the path of the
    /// output directory and without the names of temporary files.
    pub(crate) fn report_text(&self, output: Option<&Path>) -> String {
        let text = without_temporary(&self.full_text());
        output.map_or(text.clone(), |output| without_directory(&text, output))
    }

    /// Whether the command line asks for what can't be, and nothing was tried.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Error::Report { .. }
                | Error::ReportFile { .. }
                | Error::UnknownAccount { .. }
                | Error::RescueBlind
                | Error::NotDovecotLog { .. }
                | Error::HomeIsArchive { .. }
        )
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{without_directory, without_temporary};

    #[test]
    fn a_text_for_a_report_has_no_path_of_this_machine() {
        let io = |text: &str| {
            let text = without_temporary(text);
            without_directory(&text, Path::new("/srv/out"))
        };
        for (text, expected) in [
            ("/srv/out/cpmove-a.tar.gz exists already", "cpmove-a.tar.gz exists already"),
            (
                "could not create a temporary file in /srv/out: no room at path \"/srv/out/.tmp1\"",
                "could not create a temporary file in the output directory: no room",
            ),
            ("no room at path \"/tmp/.x\": really", "no room: really"),
            ("/home/srv/out/x and /srv/out2 and /srv/out/", "/home/srv/out/x and /srv/out2 and "),
            ("nothing of the sort", "nothing of the sort"),
        ] {
            assert_eq!(io(text), expected);
        }
        let relative = |text: &str| without_directory(text, Path::new("out"));
        assert_eq!(relative("out/a.tar exists, about/b"), "a.tar exists, about/b");
        assert_eq!(relative("it is left out: a"), "it is left out: a");
    }
}
