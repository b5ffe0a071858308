"""Throw-away Dovecot instances: Plesk's old server, and cPanel's new one in 2.3 and 2.4."""
import os
import signal
import socket
import string
import subprocess
import time
from pathlib import Path

from .environment import CONFIG, HOST, TRIXIE

# What Plesk's host calls itself, in the names of the message files.
HOSTNAME = "plesk.example.net"


class ServerError(Exception):
    """A server did not start, did not stop, or refused a message."""


def wait_until(condition, what, seconds=20):
    """Poll, because a daemon says when it is ready only by answering."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise ServerError(f"{what}: not within {seconds} seconds")
        time.sleep(0.02)


def listening(port):
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((HOST, port)) == 0


def stop_process(pid, what):
    """End exactly this process, and wait until it is gone."""
    def gone():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        # A child of ours stays as a zombie until it is waited for.
        status = Path(f"/proc/{pid}/stat")
        return not status.exists() or status.read_text().rsplit(")", 1)[1].split()[0] == "Z"
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    wait_until(gone, f"{what} (process {pid}) ends")


class Dovecot:
    """One instance, from a configuration template and its words, stopped through its own pid file."""

    def __init__(self, directory, ports, template, words, root=Path("/")):
        self.directory, self.root = Path(directory), root
        self.pop3_port, self.imap_port = ports
        self.configuration = self.directory / "dovecot.conf"
        self._text = string.Template((CONFIG / template).read_text()).substitute(
            words, name=self.directory.name, directory=self.inside(self.directory),
            pop3_port=self.pop3_port, imap_port=self.imap_port)

    def inside(self, path):
        """A path as the server sees it: the 2.4 one lives in a root of its own."""
        return str(path) if self.root == Path("/") else "/" + str(Path(path).relative_to(self.root))

    def command(self, program, *arguments):
        """The command line of one of this Dovecot's programs, with this configuration."""
        prefix = [] if self.root == Path("/") else ["chroot", str(self.root)]
        return [*prefix, program, "-c", self.inside(self.configuration), *arguments]

    def deliver(self, address, message):
        """Dovecot's own delivery agent, as Plesk's Postfix calls it."""
        done = subprocess.run(self.command("/usr/lib/dovecot/dovecot-lda", "-d", address, "-f", "sender@example.org"),
                              input=message, capture_output=True, check=False, env=self.environment())
        if done.returncode != 0:
            raise ServerError(f"dovecot-lda refused a message for {address}: {done.stderr.decode()}")

    def __enter__(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        self.configuration.write_text(self._text)
        # A daemon keeps the descriptors that it inherits, so it gets none of ours to hold open.
        started = subprocess.run(self.command("/usr/sbin/dovecot"),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=open(self.directory / "start.log", "wb"), check=False,
                                 env=self.environment())
        try:
            if started.returncode != 0:
                raise ServerError("Dovecot does not start: " + (self.directory / "start.log").read_text())
            wait_until(lambda: listening(self.pop3_port) and listening(self.imap_port), "Dovecot listens")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        pid_file = self.directory / "run" / "master.pid"
        if pid_file.exists():
            stop_process(int(pid_file.read_text()), "Dovecot")

    @staticmethod
    def environment():
        """A fixed host name keeps this machine's own out of recorded file names."""
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DOVECOT_HOSTNAME": HOSTNAME,
                "DOVECOT_HOSTDOMAIN": HOSTNAME, "TZ": "UTC"}

    def complaints(self):
        """Lines of the log that tell of a fault in a mailbox."""
        log = self.directory / "dovecot.log"
        text = log.read_text(errors="replace") if log.exists() else ""
        # On a machine with much to do its processes lose their statistics, which is no fault of a mailbox.
        return [line for line in text.splitlines() if "stats-writer" not in line
                and any(word in line for word in ("Error:", "Panic:", "Fatal:", "Broken", "Corrupted"))]


class PleskDovecot(Dovecot):
    """The old server: <mailroot>/<domain>/<user>/Maildir, and the UIDL format to be tested.

    With `zlib_save` it has the zlib plugin, which stores new messages by that method, and
    plain when it is empty.
    """

    kind = "dovecot"

    def __init__(self, directory, ports, mailroot, users, uidl_format, zlib_save=None):
        self.mailroot, self.users, self.uidl_format = Path(mailroot), users, uidl_format
        flavor = string.Template((CONFIG / "plesk-2.3.conf").read_text()).substitute(uidl_format=uidl_format)
        if zlib_save is not None:
            flavor += string.Template((CONFIG / "zlib-2.3.conf").read_text()).substitute(method=zlib_save)
        super().__init__(directory, ports, "dovecot-2.3.conf", {
            "passdb": f"username_format=%Lu {directory}/users", "home": f"{mailroot}/%Ld/%Ln",
            "maildir": f"{mailroot}/%Ld/%Ln/Maildir", "flavor": flavor})

    def __enter__(self):
        write_users(self.directory, self.users)
        return super().__enter__()

    @property
    def option(self):
        """What --old-server has to say of this server."""
        return f"dovecot:{self.uidl_format}"


class CpanelDovecot(Dovecot):
    """The new server over an unpacked account home: its mail, and its password files."""

    def __init__(self, directory, ports, home, version="2.3"):
        if version == "2.4":
            inside = "/" + str(Path(home).relative_to(TRIXIE))
            domain, local = "%{user | domain | lower}", "%{user | username | lower}"
            super().__init__(directory, ports, "cpanel-2.4.conf", {
                "shadow": f"{inside}/etc/{domain}/shadow", "home": f"{inside}/mail/{domain}/{local}",
                "maildir": f"{inside}/mail/{domain}/{local}"}, root=TRIXIE)
        else:
            super().__init__(directory, ports, "dovecot-2.3.conf", {
                "passdb": f"scheme=CRYPT username_format=%Ln {home}/etc/%Ld/shadow",
                "home": f"{home}/mail/%Ld/%Ln", "maildir": f"{home}/mail/%Ld/%Ln",
                "flavor": (CONFIG / "cpanel-2.3.conf").read_text()})


class CopiedDovecot(Dovecot):
    """The control: cPanel's server over the old maildirs, copied as they are."""

    def __init__(self, directory, ports, mailroot, users):
        self.users = users
        super().__init__(directory, ports, "dovecot-2.3.conf", {
            "passdb": f"username_format=%Lu {directory}/users", "home": f"{mailroot}/%Ld/%Ln",
            "maildir": f"{mailroot}/%Ld/%Ln/Maildir", "flavor": (CONFIG / "cpanel-2.3.conf").read_text()})

    def __enter__(self):
        write_users(self.directory, self.users)
        return super().__enter__()


def write_users(directory, users):
    """A password file of its own for one instance."""
    Path(directory).mkdir(parents=True, exist_ok=True)
    lines = "".join(f"{address}:{{PLAIN}}{password}\n" for address, password in users.items())
    (Path(directory) / "users").write_text(lines)


def version():
    """The version of the Dovecot that is installed."""
    done = subprocess.run(["/usr/sbin/dovecot", "--version"], capture_output=True, check=True, text=True)
    return done.stdout.split()[0]

