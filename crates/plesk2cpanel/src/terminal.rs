//! Progress, colours and errors on a terminal.
#![expect(clippy::print_stderr, reason = "this is where the program talks to people")]

use std::collections::HashMap;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use plesk2cpanel::{Progress, Stage};

/// Whether to colour what goes to `stream`.
pub(crate) fn colour(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Says what ended the run, and what to do.
pub(crate) fn error(text: &str, hint: Option<&str>) {
    let stderr = std::io::stderr();
    let (red, cyan, reset) =
        if colour(&stderr) { ("\x1b[1;31m", "\x1b[36m", "\x1b[0m") } else { ("", "", "") };
    eprintln!("{red}error{reset}: {text}");
    if let Some(hint) = hint {
        eprintln!("{cyan}hint{reset}: {hint}");
    }
}

/// Says what is not as it should be and does not end the run.
pub(crate) fn warn(text: &str) {
    eprintln!("warning: {text}");
}

/// One line for each subscription under way.
pub(crate) struct Bars {
    all: MultiProgress,
    bars: Mutex<HashMap<String, ProgressBar>>,
}

impl Bars {
    /// No line yet.
    pub(crate) fn new() -> Bars {
        Bars { all: MultiProgress::new(), bars: Mutex::default() }
    }

    /// Takes all lines away.
    pub(crate) fn clear(&self) {
        // A terminal that can't be cleared only looks worse.
        let _ = self.all.clear();
    }
}

impl Progress for Bars {
    fn stage(&self, domain: &str, stage: Stage, bytes: Option<u64>) {
        let Ok(mut bars) = self.bars.lock() else { return };
        let bar = bars.entry(domain.to_owned()).or_insert_with(|| {
            let bar = self.all.add(ProgressBar::no_length());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar.set_prefix(domain.to_owned());
            bar
        });
        let word = match stage {
            Stage::Spooling => "spooling",
            Stage::Reading => "reading",
            Stage::Writing => "writing",
            Stage::Checking => "checking",
        };
        let template = match bytes {
            Some(_) => {
                "{spinner} {prefix:24!} {msg:8} {wide_bar} {percent:>3} % {decimal_bytes_per_sec:>12}"
            }
            None => "{spinner} {prefix:24!} {msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(word);
        bar.reset();
        bar.set_length(bytes.unwrap_or_default());
    }

    fn advance(&self, domain: &str, bytes: u64) {
        let Ok(bars) = self.bars.lock() else { return };
        if let Some(bar) = bars.get(domain) {
            bar.inc(bytes);
        }
    }

    fn done(&self, domain: &str) {
        let Ok(mut bars) = self.bars.lock() else { return };
        if let Some(bar) = bars.remove(domain) {
            bar.finish_and_clear();
            self.all.remove(&bar);
        }
    }
}
