//! What to do about an error.

use mail_model::uidl::ListingError;

use super::Error;

impl Error {
    /// What to do about it, where something can be said.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Error::Open(error) => return open_hint(error),
            Error::Describe(plesk_backup::DescribeError::UnknownDump { .. }) => {
                "leave out --dump to take each subscription's newest complete dump; \
                 `plesk2cpanel inspect BACKUP` lists all"
            }
            Error::Describe(_) => {
                "the metadata XML files stand at the end of an export: if the file is cut, copy it \
                 again, or name it backup_DOMAIN_STAMP.tar so that the mail in it can be named"
            }
            Error::RescueBlind => {
                "a client that was there since the move has loaded messages under their new names, and \
                 would load them a third time: say when clients could first reach the new server, \
                 or give its log"
            }
            Error::NotDovecotLog { .. } => {
                "give the log of the new server that Dovecot writes to, as /var/log/maillog is"
            }
            Error::HomeIsArchive { .. } => {
                "unpack it and name the `homedir` in it, or leave out --write to see what would be done"
            }
            Error::NothingToRescue { .. } => {
                "name the home of the account that has these domains, or its `mail` directory"
            }
            Error::Archive { .. } => "copy the backup again; if it stays like this, make a new one",
            Error::ChangedMeanwhile { .. } => {
                "convert again once nothing writes to the backup any more"
            }
            Error::NoSubscription { .. } => {
                "make a backup of the subscription, of its owner or of the server, with mail content"
            }
            Error::UnknownDomain { .. } | Error::UnknownSubscription { .. } => {
                "`plesk2cpanel inspect BACKUP` lists the subscriptions"
            }
            Error::UserTwice { .. } => "give each subscription a name of its own",
            Error::NoMail { .. } => {
                "copy the backup again, or make a new one with mail content included; a backup of \
                 settings alone holds no mail to convert"
            }
            Error::Account { .. } => {
                "change in Plesk what is named here and make the backup again; that one setting \
                 costs a whole account is a fault of this program: report it"
            }
            Error::ReadBack { .. } => {
                "the archive was removed; this is a fault of the program or of the disk: convert \
                 again to another disk, and report it if it stays"
            }
            Error::Output { .. } => {
                "name a directory that exists and can be written, with --output"
            }
            Error::Report { source: crate::report::ReadError::Schema { .. }, .. } => {
                "convert the backup again with this version, or compare with the version that \
                 wrote the report"
            }
            Error::ReportFile { .. } | Error::Report { .. } => {
                "name a report.json that convert wrote, or what --json printed"
            }
            Error::UnknownAccount { .. } => "name the main domain of an account of the report",
            Error::Page { .. } => "name a file in a directory that can be written, with --output",
            Error::OptionFile { .. } => "check the path and its permissions",
            Error::SecretKey { .. } => {
                "take /etc/psa/private/secret_key from the old server as it is: 16 bytes"
            }
            Error::Write(cpmove::WriteError::TargetExists { .. }) | Error::Exists { .. } => {
                "use --force to replace it, or another --output directory"
            }
            Error::UnknownAddress { .. } => "`plesk2cpanel inspect BACKUP` lists the mailboxes",
            Error::Listing { source: ListingError::Empty, .. } => {
                "the command failed, or the mailbox has no message: then leave the file away. \
                 `plesk2cpanel uidl --how` prints the commands that take a listing"
            }
            Error::Listing { source: ListingError::Several { .. }, .. } => {
                "keep the listing that was taken last, one mailbox in a file"
            }
            Error::Listing { source: ListingError::NothingStored { .. }, .. } => {
                "take the listing over POP3, by the commands that `plesk2cpanel uidl --how` prints"
            }
            Error::Listing { .. } => {
                "take it by the commands that `plesk2cpanel uidl --how` prints"
            }
            Error::ListingTwice { .. } => "leave one of the two in the directory",
            Error::NotAnArchive { .. } => {
                "name a cpmove-USER.tar.gz or .tar, the directory unpacked from one, or the home \
                 directory of the account after the restore"
            }
            Error::ReadArchive { .. } => {
                "copy or convert the archive again; of a home directory, see that it can be read"
            }
            Error::NoSuchAccount { .. } => {
                "name the subscription with --only DOMAIN; `plesk2cpanel inspect BACKUP` lists them"
            }
            Error::NotVerified { hint, .. } => return hint.clone(),
            Error::Temporary { .. } => "make room on the disk, or set TMPDIR to another one",
            Error::OutputExists { .. } => {
                "name a directory that is not there yet; what an earlier run staged is of that time"
            }
            Error::ConvertedBefore { report, backup, .. } => {
                return Some(format!(
                    "an archive of the later backup would bring deleted mail back and have clients \
                     load mail twice. To merge what came since into the restored mailboxes, run \
                     `plesk2cpanel sync {backup} --since {} --output DIR`. If the first archive was \
                     never restored, remove it and its report, or convert into another directory",
                    report.display()
                ));
            }
            Error::Threads { .. } => "use a smaller --jobs",
            Error::Write(error) => return error.hint(),
            Error::Home(_) | Error::Interrupted => return None,
        };
        Some(hint.to_owned())
    }
}

/// The library knows no options.
fn open_hint(error: &plesk_backup::OpenError) -> Option<String> {
    use plesk_backup::OpenError;
    let hint = match error {
        OpenError::SpoolFile { .. } => {
            "name a directory that exists and can be written, with --spool DIR"
        }
        OpenError::SpoolFull { .. } => {
            "name a directory on a disk with more room, with --spool DIR; nothing is left behind there"
        }
        OpenError::SpoolLimit { .. } => {
            "raise --spool-limit, if so much is to be expected of this backup"
        }
        other => return other.hint(),
    };
    Some(hint.to_owned())
}
