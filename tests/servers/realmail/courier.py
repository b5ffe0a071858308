"""A throw-away Courier: its own courierpop3d, imapd and deliverquota behind a small login program."""
import os
import subprocess
import sys
from pathlib import Path

from .dovecot import HOSTNAME, ServerError, listening, stop_process, wait_until, write_users
from .environment import COURIER, MAIL_GID, MAIL_UID

LOGIN = Path(__file__).with_name("courier_login.py")
LIBRARIES = f"{COURIER}/usr/lib:{COURIER}/usr/lib/x86_64-linux-gnu"


class Courier:
    """The old server, with Plesk's layout <mailroot>/<domain>/<user>/Maildir."""

    kind = "courier"
    uidl_format = None
    option = "courier"

    def __init__(self, directory, ports, mailroot, users):
        self.directory, self.mailroot, self.users = Path(directory), Path(mailroot), users
        self.pop3_port, self.imap_port = ports
        self._process = None

    def __enter__(self):
        write_users(self.directory, self.users)
        self._process = subprocess.Popen(
            [sys.executable, str(LOGIN), str(self.mailroot), str(self.directory / "users"),
             str(self.pop3_port), str(self.imap_port), str(COURIER)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=open(self.directory / "courier.log", "ab"))
        try:
            wait_until(lambda: listening(self.pop3_port) and listening(self.imap_port), "Courier listens")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._process is not None:
            stop_process(self._process.pid, "Courier's login program")
            self._process.wait()

    def deliver(self, address, message):
        """Courier's own delivery agent."""
        deliver_directly(self, address, message)

    def complaints(self):
        """What Courier's programs wrote to their standard error."""
        log = self.directory / "courier.log"
        return log.read_text(errors="replace").splitlines() if log.exists() else []


def version():
    """The version of Courier's IMAP package."""
    for line in (COURIER / "versions").read_text().split():
        if line.startswith("courier-imap_"):
            return line.split("_")[1].replace("%3a", ":")
    raise ServerError(f"{COURIER}/versions names no courier-imap: run scripts/install-test-tools")


def make_maildir(path):
    """An empty maildir, as the panel makes it when a mailbox is created."""
    for name in ("cur", "new", "tmp"):
        os.makedirs(path / name, mode=0o700, exist_ok=True)


def deliver_directly(server, address, message):
    """Put a message into new/ and tell no server, by Courier's deliverquota.

    Plesk's Postfix delivers so too, with a program of its own that can't be had here. Like
    any MTA it writes LF: CRLF is what lines end with on the wire.
    """
    message = message.replace(b"\r\n", b"\n")
    local, _, domain = address.partition("@")
    maildir = server.mailroot / domain / local / "Maildir"
    done = subprocess.run([str(COURIER / "usr/bin/deliverquota.courier"), str(maildir)], input=message,
                          capture_output=True, check=False, user=MAIL_UID, group=MAIL_GID, extra_groups=[],
                          umask=0o077, env={"PATH": "/usr/bin:/bin", "LD_LIBRARY_PATH": LIBRARIES,
                                            "HOSTNAME": HOSTNAME})
    if done.returncode != 0:
        raise ServerError(f"deliverquota refused a message for {address}: {done.stderr.decode()}")
