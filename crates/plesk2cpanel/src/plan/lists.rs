//! Mailing lists of Mailman: cPanel's have to be made by hand, so that everything for it is kept.

use std::fmt::Write;

use cpmove::{Alias, Destination, DomainMail};
use plesk_backup::{Domain, MailingList};

use super::extras::{Extra, Extras};
use crate::finding::{Finding, SETTING_ADAPTED};
use crate::mail_findings::{count, some};
use crate::report::{SettingOutcome, SettingReport};

/// Plans a domain's lists: their members as a table in the home and, when asked for, a forwarder to
/// all members of each list that is switched on.
pub(crate) fn plan_lists(
    domain: &Domain,
    as_forwarders: bool,
    mail: &mut DomainMail,
    settings: &mut Vec<SettingReport>,
    findings: &mut Vec<Finding>,
    extras: &mut Extras,
) {
    let Some(system) = &domain.mail else { return };
    for list in &system.mailing_lists {
        let address = format!("{}@{}", list.name.to_lowercase(), domain.ascii_name);
        let extra = Extra::beside(domain, &list.name, "list-members.csv", table(list));
        let mut notes = vec![format!(
            "{}, owners and settings are in {}",
            count(list.recipients.len() as u64, "member"),
            extra.path
        )];
        let is_on =
            list.status.is_enabled_itself() && system.mailing_list_status.is_enabled_itself();
        let forwards = as_forwarders && is_on && forward(list, mail, &mut notes);
        notes.insert(
            0,
            if forwards {
                "a forwarder to all members stands for the mailing list".to_owned()
            } else {
                "the mailing list is not set up".to_owned()
            },
        );
        if !is_on {
            notes.push("it was switched off".to_owned());
        }
        settings.push(SettingReport {
            object: address.clone(),
            setting: "maillist".to_owned(),
            outcome: if forwards { SettingOutcome::Adapted } else { SettingOutcome::Skipped },
            detail: notes.join("; "),
        });
        findings.push(SETTING_ADAPTED.with_remedy(
            &address,
            notes.join("; "),
            if forwards {
                "nothing to do if a forwarder is enough; else make the list in cPanel after the \
                 restore, give it the members from the file, and remove the forwarder"
            } else if is_on && !as_forwarders {
                "make the list in cPanel after the restore, and give it the members from the file; \
                 or convert with --lists-as-forwarders"
            } else {
                "make the list in cPanel after the restore if it is wanted, and give it the members \
                 from the file"
            },
        ));
        for line in String::from_utf8_lossy(&extra.bytes).lines().skip(1) {
            let _ = write!(extras.list_members, "\"{}\",{line}\r\n", address.replace('"', "\"\""));
        }
        extras.files.push(extra);
    }
}

/// The head of the table of all lists, which lies beside the archive.
pub(crate) const TABLE_HEAD: &str = "list,role,address,name\r\n";

/// Adds the forwarder; false where the address is taken or nobody could be written.
fn forward(list: &MailingList, mail: &mut DomainMail, notes: &mut Vec<String>) -> bool {
    let local = list.name.to_lowercase();
    let taken = mail.aliases.iter().any(|alias| alias.local == local);
    if taken || Alias::check_local(&local).is_err() {
        notes.push("its address is an alias already, or none that can be written".to_owned());
        return false;
    }
    let (mut destinations, mut odd) = (Vec::new(), Vec::new());
    for member in &list.recipients {
        match Destination::address(member.address.trim()) {
            Ok(destination) if destinations.contains(&destination) => {}
            Ok(destination) => destinations.push(destination),
            Err(_) => odd.push(member.address.clone()),
        }
    }
    if !odd.is_empty() {
        notes.push(format!("these members can't be written: {}", some(odd.into_iter())));
    }
    if destinations.is_empty() {
        return false;
    }
    mail.aliases.push(Alias { local, destinations });
    true
}

/// Owners, members and settings as RFC 4180 has tables.
fn table(list: &MailingList) -> Vec<u8> {
    let mut text = String::from("role,address,name\r\n");
    let mut row = |fields: [&str; 3]| {
        let quoted = fields.map(|field| format!("\"{}\"", field.replace('"', "\"\"")));
        let _ = write!(text, "{}\r\n", quoted.join(","));
    };
    for owner in &list.owners {
        row(["owner", owner, ""]);
    }
    for member in &list.recipients {
        row(["member", &member.address, member.full_name.as_deref().unwrap_or_default()]);
    }
    for setting in &list.settings {
        row(["setting", &setting.name, &setting.value]);
    }
    text.into_bytes()
}
