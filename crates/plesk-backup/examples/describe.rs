//! Prints what a backup holds: `cargo run -p plesk-backup --example describe -- BACKUP`.
//!
//! Without an argument it shows a small synthetic backup that is in the repository.

use std::path::PathBuf;
use std::process::ExitCode;

use plesk_backup::{Backup, printable};

fn main() -> ExitCode {
    let sample = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../fixtures/synthetic/backup_example.com_2401151030.tar"
    );
    let path = std::env::args_os().nth(1).map_or_else(|| PathBuf::from(sample), PathBuf::from);
    match show(&path) {
        Ok(text) => {
            #[expect(clippy::print_stdout, reason = "an example")]
            {
                print!("{text}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "an example")]
            {
                eprintln!("error: {error}");
            }
            ExitCode::FAILURE
        }
    }
}

fn show(path: &std::path::Path) -> Result<String, Box<dyn std::error::Error>> {
    use std::fmt::Write;
    let backup = Backup::open(path)?;
    let description = backup.describe()?;
    let mut text = String::new();
    for subscription in &description.subscriptions {
        writeln!(text, "{}", subscription.domain.name)?;
        for domain in subscription.domains() {
            let Some(mail) = &domain.mail else { continue };
            for mailuser in &mail.mailusers {
                writeln!(text, "  {}@{}", mailuser.name, domain.name)?;
            }
            for content in &mail.content {
                let end = backup.open_content(content)?.walk(|member| {
                    writeln!(text, "    {} {}", member.size, printable(&member.path))
                })?;
                for damage in end.all_damage() {
                    writeln!(text, "    damaged: {damage}")?;
                }
            }
        }
    }
    for damage in backup.damage() {
        writeln!(text, "damaged: {damage}")?;
    }
    for problem in &description.problems {
        writeln!(text, "problem: {problem}")?;
    }
    Ok(text)
}
