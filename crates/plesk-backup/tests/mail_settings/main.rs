//! Settings of mail accounts, mail domains and mailing lists, from hand-written metadata.
//! The texts in base64 were encoded with Python.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod accounts;
mod autoresponders;
mod domains;

use std::fs;

use plesk_backup::{Backup, Description, MailSystem, MailUser};

const FILE: &str = "backup_info_2401151030.xml";

fn describe(domain: &str) -> Description {
    let directory = tempfile::tempdir().unwrap();
    let xml = format!(
        "<migration-dump dump-version='18.0.58'><domain name='a.example'>{domain}</domain></migration-dump>"
    );
    fs::write(directory.path().join(FILE), xml).unwrap();
    Backup::open(directory.path()).unwrap().describe().unwrap()
}

fn with_preferences(preferences: &str) -> Description {
    describe(&format!(
        "<mailsystem><mailusers><mailuser name='Info'><preferences>{preferences}</preferences>\
         </mailuser></mailusers></mailsystem>"
    ))
}

fn mail(description: &Description) -> &MailSystem {
    description.subscriptions[0].domain.mail.as_ref().unwrap()
}

fn user(description: &Description) -> &MailUser {
    &mail(description).mailusers[0]
}

fn problems(description: &Description) -> Vec<String> {
    let texts = description.problems.iter().map(ToString::to_string);
    texts.map(|text| text.replace(&format!(" in `{FILE}`"), "")).collect()
}

fn unknown(description: &Description) -> Vec<(&str, u64)> {
    let counts = description.unknown_elements.iter();
    counts
        .map(|(path, count)| (path.rsplit_once("mailuser/").unwrap_or(("", path)).1, *count))
        .collect()
}
