//! Digests by which two conversions are compared: one line for each message, in a fixed form.
//!
//! Lines go straight into the hash, so that a folder costs no memory: they need no sorting, since
//! the model has messages by ascending UID and no UID twice.

use mail_model::identity::{Folder, Message, RawFile};
use sha2::{Digest, Sha256};

use super::MailboxReport;
use crate::mailbox::ResolvedMailbox;
use crate::write::Sums;

/// Enters the digests of what was written; `sums` by mailbox, folder and message.
pub(crate) fn enter(
    reports: &mut [MailboxReport],
    mailboxes: &[ResolvedMailbox<'_>],
    sums: &[Vec<Vec<Sums>>],
) {
    for ((report, mailbox), sums) in reports.iter_mut().zip(mailboxes).zip(sums) {
        let Some(scanned) = mailbox.scanned else { continue };
        for (folder, sums) in mailbox.model.folders.iter().zip(sums) {
            let files = &scanned.raw.folders[folder.source].files;
            let name = folder.name.to_string();
            // The report lists folders in another order; no two have one name.
            if let Some(report) = report.folders.iter_mut().find(|report| report.name == name) {
                report.digest = Some(of_folder(folder, files, sums));
            }
        }
        report.digest = Some(of_mailbox(report));
    }
}

fn of_folder(folder: &Folder, files: &[RawFile], sums: &[Sums]) -> String {
    let mut hash = Sha256::new();
    for (message, sums) in folder.messages.iter().zip(sums) {
        hash.update(line(folder, message, files[message.file].mtime, sums));
    }
    hexadecimal(&hash.finalize())
}

/// `SHA256 TAB UID TAB UIDL TAB MTIME TAB FLAGS TAB KEYWORDS LF`: UIDL empty outside the inbox,
/// flags as maildir's letters, keywords by name, sorted and joined with commas; a letter that has
/// no name stands for itself.
fn line(folder: &Folder, message: &Message, mtime: i64, sums: &Sums) -> Vec<u8> {
    let letters: Vec<(u8, u8)> =
        message.name.keywords.iter().zip(message.name.keywords.iter_letters()).collect();
    let mut keywords: Vec<&[u8]> = letters
        .iter()
        .map(|(index, letter)| folder.keywords.name(*index).unwrap_or(std::slice::from_ref(letter)))
        .collect();
    keywords.sort_unstable();
    let mut line = format!("{}\t{}\t", hexadecimal(&sums.sha256), message.uid).into_bytes();
    line.extend(message.uidl.iter().flat_map(|uidl| &uidl.value));
    line.extend(format!("\t{mtime}\t{}\t", message.name.flags).bytes());
    line.extend(keywords.join(&b","[..]));
    line.push(b'\n');
    line
}

/// `NAME TAB UIDVALIDITY TAB NEXT-UID TAB DIGEST LF` for each folder, in the report's order.
fn of_mailbox(report: &MailboxReport) -> String {
    let mut hash = Sha256::new();
    for folder in &report.folders {
        let digest = folder.digest.as_deref().unwrap_or_default();
        hash.update(format!(
            "{}\t{}\t{}\t{digest}\n",
            folder.name, folder.uidvalidity, folder.uid_next
        ));
    }
    hexadecimal(&hash.finalize())
}

fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
