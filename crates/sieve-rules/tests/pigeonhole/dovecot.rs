//! Dovecot's `sievec` and `sieve-test`.

use super::evaluator::{Envelope, Outcome};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::process::{Command, Output};

/// A place in which scripts are compiled and run.
pub(crate) struct Pigeonhole {
    directory: tempfile::TempDir,
}

/// The user that Dovecot becomes when the tests run as root, which it refuses to run as.
const NOBODY: u32 = 65_534;

impl Pigeonhole {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        let metadata = at.metadata().unwrap();
        let (user, group) = match metadata.uid() {
            0 => (NOBODY, NOBODY),
            user => (user, metadata.gid()),
        };
        std::fs::create_dir(at.join("home")).unwrap();
        if metadata.uid() == 0 {
            chown(at, Some(user), Some(group)).unwrap();
            chown(at.join("home"), Some(user), Some(group)).unwrap();
        }
        std::fs::set_permissions(at, std::fs::Permissions::from_mode(0o755)).unwrap();
        let home = at.join("home").display().to_string();
        let config = format!(
            "log_path = /dev/stderr\nssl = no\nmail_uid = {user}\nmail_gid = {group}\n\
             first_valid_uid = 1\nmail_home = {home}\nmail_location = maildir:{home}/Maildir\n\
             postmaster_address = postmaster@example.com\nhostname = mx.example.com\n\
             recipient_delimiter = +\nplugin {{\n  sieve_extensions = +notify +vacation-seconds\n  \
             sieve_max_actions = 0\n  sieve_max_redirects = 64\n}}\n"
        );
        std::fs::write(at.join("dovecot.conf"), config).unwrap();
        Self { directory }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.directory.path()).args(["-c", "dovecot.conf"]).env("TZ", "UTC");
        command
    }

    fn output(program: &str, command: &mut Command) -> Output {
        command.output().unwrap_or_else(|error| {
            panic!("{program} cannot be started, scripts/install-test-tools installs it: {error}")
        })
    }

    /// Compiles a script; what is wrong with it otherwise.
    pub(crate) fn compile(&self, script: &[u8]) -> Result<(), String> {
        self.install(script);
        let mut command = self.command("sievec");
        let output = Self::output("sievec", command.args(["script.sieve", "script.svbin"]));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() { Ok(()) } else { Err(said) }
    }

    /// Puts a script in its place.
    pub(crate) fn install(&self, script: &[u8]) {
        std::fs::write(self.directory.path().join("script.sieve"), script).unwrap();
    }

    /// Puts a message in its place.
    pub(crate) fn deliver(&self, message: &[u8]) {
        std::fs::write(self.directory.path().join("message.eml"), message).unwrap();
    }

    /// What the script does with the message.
    pub(crate) fn run(&self, envelope: &Envelope<'_>) -> Outcome {
        let mut command = self.command("sieve-test");
        // -C: always compile, whatever the times of files say.
        command.args(["-C", "-f", envelope.from, "-r", envelope.to, "script.sieve", "message.eml"]);
        let output = Self::output("sieve-test", &mut command);
        let said = String::from_utf8_lossy(&output.stdout);
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && complaints.contains("final result: success"),
            "sieve-test: {complaints}{said}"
        );
        let (performed, implicit) = said
            .split_once("Performed actions:")
            .and_then(|(_, rest)| rest.split_once("Implicit keep:"))
            .unwrap_or_else(|| panic!("sieve-test: {said}"));
        let mut outcome = Outcome::default();
        read_actions(performed, &mut outcome);
        read_actions(implicit, &mut outcome);
        outcome
    }
}

/// Reads the list that `sieve-test` prints. A line that nobody knows ends the test.
fn read_actions(list: &str, outcome: &mut Outcome) {
    let mut folder = None;
    let mut lines = list.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix(" * store message in folder: ") {
            outcome.stored.entry(name.to_owned()).or_default();
            folder = Some(name.to_owned());
        } else if let Some(flags) = line.trim_start().strip_prefix("+ add IMAP flags: ") {
            let flags = flags.split(' ').map(str::to_ascii_lowercase);
            outcome.stored.get_mut(folder.as_ref().unwrap()).unwrap().extend(flags);
        } else if let Some(address) = line.strip_prefix(" * redirect message to: ") {
            outcome.redirected.insert(address.trim_matches(['<', '>']).to_owned());
        } else if let Some(reason) = line.strip_prefix(" * reject message with reason: ") {
            outcome.rejected = Some(reason.to_owned());
        } else if line == " * send vacation message:" {
            let answer = lines.by_ref().skip_while(|line| *line != "START MESSAGE").skip(1);
            outcome.answered = Some(answer.take_while(|line| *line != "END MESSAGE").collect());
        } else {
            let known = ["", " * discard", "  (none)", "        + preserve implicit keep"];
            assert!(known.contains(&line), "sieve-test printed {line:?}");
        }
    }
}
