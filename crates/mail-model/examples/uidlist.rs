//! What a Dovecot over a folder answers, from its `dovecot-uidlist` alone.
//!
//!     cargo run -p mail-model --example uidlist -- fixtures/identity/dovecot-old/dovecot-uidlist [FORMAT]
//!
//! Takes every listed message for present, and prints UID and UIDL in POP3 order.

use mail_model::dovecot::{Duplicates, MaildirFile, ServeInput, UidList, serve};
use mail_model::maildir::Place;
use mail_model::uidl::UidlFormat;
use std::io::Write;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let default =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/identity/dovecot-old/dovecot-uidlist");
    let path = arguments.next().unwrap_or_else(|| default.into());
    let format = match arguments.next() {
        Some(text) => UidlFormat::parse(&text.to_string_lossy())?,
        None => UidlFormat::dovecot_default(),
    };
    let (list, problems) = UidList::parse(&std::fs::read(path)?)?;
    let files: Vec<MaildirFile<'_>> = list
        .records
        .iter()
        .map(|record| MaildirFile { place: Place::Cur, name: &record.base, x_uidl: None })
        .collect();
    let served = serve(&ServeInput {
        uidlist: Some(&list),
        files: &files,
        format: &format,
        reuse_x_uidl: false,
        duplicates: Duplicates::Allow,
        new_uidvalidity: list.uidvalidity,
    });
    let mut out = std::io::stdout().lock();
    for problem in problems {
        writeln!(out, "problem: {problem:?}")?;
    }
    writeln!(out, "uidvalidity {}, next uid {}", served.uidvalidity, served.next_uid)?;
    for at in &served.pop3_order {
        let message = &served.messages[*at];
        writeln!(out, "{} {}", message.uid, message.uidl.escape_ascii())?;
    }
    Ok(())
}
