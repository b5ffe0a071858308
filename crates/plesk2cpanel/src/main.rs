//! The command line program.

mod terminal;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use plesk2cpanel::cli::{Cli, Command, ReportCommand, ReportDiff, Uidl, read_report};
use plesk2cpanel::report::Report;
use plesk2cpanel::report::diff::Diff;
use plesk2cpanel::uidl::{commands, text};
use plesk2cpanel::{Interrupt, Job, Progress, Silent, rescue, summary};

/// Nothing was converted.
const FAILED: u8 = 1;
/// What was asked for can't be, as with an option that is none.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let interrupt = Arc::new(Interrupt::default());
    let raised = Arc::clone(&interrupt);
    // Without a handler a signal would leave the unfinished archive on the disk.
    if let Err(error) = ctrlc::set_handler(move || raised.raise()) {
        terminal::warn(&format!("signals are not handled: {error}"));
    }
    match run(&cli, &interrupt) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            // A reader that has seen enough, such as `head`, is no failure.
            if is_broken_pipe(&error) {
                return ExitCode::SUCCESS;
            }
            let Some(error) = error.downcast_ref::<plesk2cpanel::Error>() else {
                terminal::error(&format!("{error:#}"), None);
                return ExitCode::from(FAILED);
            };
            terminal::error(&error.full_text(), error.hint().as_deref());
            ExitCode::from(if error.is_usage() { USAGE } else { FAILED })
        }
    }
}

fn run(cli: &Cli, interrupt: &Interrupt) -> anyhow::Result<u8> {
    let bars = terminal::Bars::new();
    let progress: &dyn Progress = if std::io::stderr().is_terminal() { &bars } else { &Silent };
    match &cli.command {
        Command::Inspect(arguments) => {
            let job =
                Job::open_all(arguments.backup(), arguments.read_options()?, progress, interrupt)?;
            let report = job.inspect(arguments.jobs, progress, interrupt)?;
            bars.clear();
            show(&report, arguments.json, summary::inspection)
        }
        Command::Convert(arguments) => {
            let job =
                Job::open_all(arguments.backup(), arguments.read_options()?, progress, interrupt)?;
            let report = job.convert(&arguments.write_options(), progress, interrupt)?;
            bars.clear();
            show(&report, arguments.json, |report, colour| {
                summary::conversion(report, &arguments.output, colour)
            })
        }
        Command::Sync(arguments) => {
            let job =
                Job::open_all(arguments.backup(), arguments.read_options()?, progress, interrupt)?;
            let since = arguments.since(progress, interrupt)?;
            let report = job.sync(&since, &arguments.sync_options(), progress, interrupt)?;
            bars.clear();
            let colour = terminal::colour(&std::io::stdout());
            let output = arguments.output.as_ref().map(|path| path.display().to_string());
            let text = if arguments.json {
                report.to_json()
            } else {
                report.to_text(output.as_deref(), colour)
            };
            print(&text)?;
            Ok(report.exit_status)
        }
        Command::Uidl(arguments) => {
            let (text, status) = uidl(arguments, &bars, progress, interrupt)?;
            print(&text)?;
            Ok(status)
        }
        Command::Verify(arguments) => {
            let job =
                Job::open_all(arguments.backup(), arguments.read_options()?, progress, interrupt)?;
            let found = job.verify(&arguments.archive, arguments.jobs, progress, interrupt)?;
            bars.clear();
            let colour = terminal::colour(&std::io::stdout());
            let text = if arguments.json { found.to_json() } else { found.to_text(colour) };
            std::io::stdout().lock().write_all(text.as_bytes())?;
            Ok(found.exit_status)
        }
        Command::Rescue(arguments) => {
            let job =
                Job::open_all(&arguments.backup(), arguments.read_options()?, progress, interrupt)?;
            let found = job.rescue(&arguments.rescue_options()?, progress, interrupt)?;
            bars.clear();
            let colour = terminal::colour(&std::io::stdout());
            let text = rescue::text::report(&found, colour);
            print(&if arguments.json { found.to_json() } else { text })?;
            Ok(found.exit_status)
        }
        Command::Report(arguments) => match &arguments.command {
            ReportCommand::Diff(arguments) => diff(arguments),
            ReportCommand::Html(arguments) => {
                print(&arguments.run()?.unwrap_or_default())?;
                Ok(0)
            }
        },
    }
}

/// What `uidl` prints, and its exit status.
fn uidl(
    arguments: &Uidl,
    bars: &terminal::Bars,
    progress: &dyn Progress,
    interrupt: &Interrupt,
) -> anyhow::Result<(String, u8)> {
    let Some((backup, address)) = arguments.mailbox() else {
        return Ok((commands(None, None), 0));
    };
    let job = Job::open_all(&backup, arguments.read_options(), progress, interrupt)?;
    let colour = terminal::colour(&std::io::stdout());
    let (json, jobs) = (arguments.json, arguments.jobs);
    if let Some(file) = &arguments.compare {
        let found = job.compare_uidls(&address, file, jobs, progress, interrupt)?;
        bars.clear();
        let text = if json { found.to_json() } else { text::comparison(&found, colour) };
        return Ok((text, found.exit_status()));
    }
    let found = job.uidls(&address, jobs, progress, interrupt)?;
    bars.clear();
    if arguments.how {
        return Ok((found.commands(), 0));
    }
    let text = if json { found.to_json() } else { text::listing(&found, colour) };
    Ok((text, found.exit_status()))
}

fn diff(arguments: &ReportDiff) -> anyhow::Result<u8> {
    let diff = Diff::new(&read_report(&arguments.old)?, &read_report(&arguments.new)?);
    let colour = terminal::colour(&std::io::stdout());
    print(&if arguments.json { diff.to_json() } else { diff.to_text(colour) })?;
    Ok(u8::from(!diff.is_empty()))
}

fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn show(report: &Report, json: bool, text: impl Fn(&Report, bool) -> String) -> anyhow::Result<u8> {
    let colour = terminal::colour(&std::io::stdout());
    print(&if json { report.to_json() } else { text(report, colour) })?;
    Ok(report.exit_status)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
