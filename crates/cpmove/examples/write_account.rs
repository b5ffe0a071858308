//! Writes the archive of a small account with one mailbox and one message into a directory.
//!
//! `cargo run -p cpmove --example write_account -- DIRECTORY` (default: the current one).

use std::error::Error;
use std::path::PathBuf;

use cpmove::{
    Account, ArchiveWriter, Compressor, DomainName, Form, LocalPart, Login, Mailbox, UserName,
    account_members, hash_password, maildir_path,
};

const STAMP: i64 = 1_700_000_000;
const MESSAGE: &[u8] = b"From: a@example.net\nTo: anna@example.com\nSubject: Hello\n\nHello Anna\n";

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("."), PathBuf::from);

    let domain = DomainName::new("example.com")?;
    let local = LocalPart::new("anna")?;
    let mut account = Account::new(UserName::new("example")?, domain.clone(), STAMP);
    let password = hash_password("open sesame", b"server 7f3a\0anna@example.com")?;
    account.domains[0].mail.mailboxes.push(Mailbox {
        local: local.clone(),
        login: Login::Hash(password),
        quota_bytes: None,
        filters: Vec::new(),
        refuses_mail: false,
    });

    let compressor = Compressor::new(2)?;
    let (user, form) = (&account.user, Form::TarGz);
    let mut writer = ArchiveWriter::create(&directory, user, form, &compressor, true, STAMP)?;
    for member in account_members(&account)? {
        writer.member(&member)?;
    }
    let maildir = maildir_path(&domain, &local);
    writer.directory(format!("homedir/mail/{domain}").as_bytes(), 0o751)?;
    writer.directory(maildir.as_bytes(), 0o751)?;
    for part in ["cur", "new", "tmp"] {
        writer.directory(format!("{maildir}/{part}").as_bytes(), 0o751)?;
    }
    let size = MESSAGE.len();
    let message = format!("{maildir}/cur/1700000000.M1P1.host,S={size}:2,S");
    writer.file(message.as_bytes(), 0o640, size as u64, STAMP, &mut { MESSAGE })?;

    let finished = writer.finish()?;
    let mut files = 0;
    finished.read_back(|_member| {
        files += 1;
        Ok(())
    })?;
    let size = finished.size();
    #[expect(clippy::print_stdout, reason = "this is a program, and that is its result")]
    {
        println!("{} ({files} members, {size} bytes)", finished.publish()?.display());
    }
    Ok(())
}
