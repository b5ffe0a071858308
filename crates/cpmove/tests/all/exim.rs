//! Exim itself, from Debian's package `exim4-daemon-light`, not as a server: it reads what was
//! written and says what it would do.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A directory with a configuration, and what the routers of a test read.
pub(crate) struct Exim {
    pub(crate) place: TempDir,
}

impl Exim {
    /// `routers` stands behind the settings that keep Exim to the directory; `PLACE` in it is
    /// that directory.
    pub(crate) fn new(routers: &str) -> Exim {
        let place = tempfile::tempdir().unwrap();
        let settings = "\
spool_directory = PLACE/spool
log_file_path = PLACE/%slog
primary_hostname = host.example
qualify_domain = host.example
keep_environment =
";
        let text = format!("{settings}{routers}").replace("PLACE", place.path().to_str().unwrap());
        fs::write(place.path().join("configuration"), text).unwrap();
        Exim { place }
    }

    /// What a filter of anna@main.example would do with a message: the lines behind the head.
    ///
    /// `-bf` reads it as a user's filter, in which Exim itself forbids `fail`; `-bF` is how cPanel
    /// checks a filter before it takes it.
    #[track_caller]
    pub(crate) fn filter(&self, option: &str, program: &str, message: &[u8]) -> Vec<String> {
        let path = self.place.path().join("filter");
        fs::write(&path, program).unwrap();
        let mut command = self.command(&[option, path.to_str().unwrap()]);
        command.args(["-bfd", "main.example", "-bfl", "anna", "-f", "sender@else.example"]);
        let (code, output) = answer(command, message);
        assert_eq!(code, 0, "{output}\n{program}");
        let mut lines = output.lines().skip_while(|line| !line.starts_with("Testing Exim"));
        assert!(lines.next().is_some(), "{output}");
        lines.filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// Where Exim would deliver mail for an address: its exit code, and its words.
    #[track_caller]
    pub(crate) fn route(&self, address: &str) -> (i32, String) {
        answer(self.command(&["-bt", address]), b"")
    }

    /// What `-be` makes of each line.
    #[track_caller]
    pub(crate) fn expand(&self, lines: &[String]) -> Vec<String> {
        let (code, output) = answer(self.command(&["-be"]), lines.join("\n").as_bytes());
        assert_eq!(code, 0, "{output}");
        // A prompt stands before each answer, and before the end of the input.
        let prompted = |line: &str| line.strip_prefix("> ").map(str::to_owned);
        output.lines().take(lines.len()).map(|line| prompted(line).unwrap()).collect()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("/usr/sbin/exim4");
        command.arg("-C").arg(self.path("configuration")).args(arguments);
        command
    }

    fn path(&self, name: &str) -> impl AsRef<Path> + AsRef<std::ffi::OsStr> + use<> {
        self.place.path().join(name)
    }
}

#[track_caller]
fn answer(mut command: Command, input: &[u8]) -> (i32, String) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}; scripts/install-test-tools gets it"));
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}
