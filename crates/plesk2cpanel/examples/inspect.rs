//! Packs a small backup as Plesk does, looks into it, and converts it.
#![expect(clippy::print_stdout, reason = "an example shows what it found")]

use cpmove::Form;
use plesk2cpanel::{Interrupt, Job, ReadOptions, Silent, WriteOptions};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place = tempfile::tempdir()?;
    let backup = place.path().join("backup_2401151030.tar");
    plesk_fixture::pack_tar(&plesk_fixture::Spec::sample(), &backup)?;

    let job = Job::open(&backup, ReadOptions::default())?;
    let report = job.inspect(2, &Silent, &Interrupt::default())?;
    for mailbox in report.accounts.iter().flat_map(|account| &account.mailboxes) {
        println!(
            "{}: {} messages, UIDLs {:?}",
            mailbox.address, mailbox.messages, mailbox.uidl_certainty
        );
    }

    let options = WriteOptions {
        output: place.path().join("out"),
        form: Form::TarGz,
        reserve_uids: 0,
        jobs: 2,
        force: false,
    };
    let report = job.convert(&options, &Silent, &Interrupt::default())?;
    for account in &report.accounts {
        println!("{}: {:?}", account.domain, account.archive);
    }
    Ok(())
}
