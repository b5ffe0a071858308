"""Where things are, which programs must be there, and who owns mail."""
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
MESSAGES = REPOSITORY / "fixtures" / "messages"
RECORDED = REPOSITORY / "fixtures" / "recorded"
COMPRESSED = REPOSITORY / "fixtures" / "compressed"
LISTINGS = REPOSITORY / "fixtures" / "listings"
MBOX = REPOSITORY / "fixtures" / "mbox"
FORMS = REPOSITORY / "fixtures" / "forms"
CONFIG = REPOSITORY / "tests" / "servers" / "config"
TARGET = REPOSITORY / "target"

# What scripts/install-test-tools unpacks beside the system's packages.
TOOLS = Path(os.environ.get("PLESK2CPANEL_TOOLS", "/var/cache/plesk2cpanel-tests"))
COURIER = TOOLS / "courier"
TRIXIE = TOOLS / "trixie"

HOST = "127.0.0.1"
MAIL_UID = MAIL_GID = 8  # Debian's user and group "mail"

PROGRAMS = ("dovecot", "fetchmail", "getmail", "mpop", "mbsync", "offlineimap",
            "tar", "gzip", "zstd", "perl", "openssl", "chroot")


class MissingTool(Exception):
    """Something the tests can't do without isn't there. They never skip."""


def require_tools():
    """Fail before anything starts when a server, a client or a right is missing."""
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    missing = [name for name in PROGRAMS if not shutil.which(name)]
    needed = (Path("/usr/lib/dovecot/dovecot-lda"), TRIXIE / "usr/sbin/dovecot",
              COURIER / "usr/bin/imapd", COURIER / "usr/lib/courier/courier/courierpop3d",
              COURIER / "usr/bin/deliverquota.courier")
    missing += [str(path) for path in needed if not path.exists()]
    if missing:
        raise MissingTool(f"not installed: {', '.join(missing)} (run scripts/install-test-tools)")
    if os.getuid() != 0:
        raise MissingTool("must run as root: mail servers change users")


def program(name, variable):
    """A binary of this workspace: from the environment, else the newest that cargo built."""
    if variable in os.environ:
        found = Path(os.environ[variable]).resolve()
        if not found.exists():
            raise MissingTool(f"{variable} names {found}, which does not exist")
        return found
    built = [path for kind in ("release", "debug") if (path := TARGET / kind / name).exists()]
    if not built:
        raise MissingTool(f"{name} is not built: cargo build --release (or set {variable})")
    return max(built, key=lambda path: path.stat().st_mtime)


def chown_mail(top):
    """Give a tree to the mail user, as a delivery agent or a restore would have."""
    for directory, _, files in os.walk(top):
        os.chown(directory, MAIL_UID, MAIL_GID)
        for name in files:
            os.chown(os.path.join(directory, name), MAIL_UID, MAIL_GID, follow_symlinks=False)


@contextlib.contextmanager
def work_directory():
    """A short path, because a UNIX socket below it may have only 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="p2c-", dir="/tmp"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        if os.environ.get("PLESK2CPANEL_KEEP"):
            print(f"kept: {path}", file=sys.stderr)
        else:
            shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def trixie_directory():
    """A directory inside the Debian 13 root: chroot works where mounting does not."""
    (TRIXIE / "srv").mkdir(exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix="p", dir=TRIXIE / "srv"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


@contextlib.contextmanager
def reserve_ports():
    """Two free ports (POP3, IMAP), kept from other runs of these tests by a lock.

    The old and the new server use them one after the other: a client remembers
    the port together with the messages.
    """
    for port in range(17100, 17900, 2):
        lock = os.open(f"/tmp/p2c-port-{port}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_free(port) and _is_free(port + 1):
                yield port, port + 1
                return
        except BlockingIOError:
            pass
        finally:
            os.close(lock)
    raise MissingTool("no two free ports between 17100 and 17900")


def end_on_signals():
    """Make SIGTERM unwind like Ctrl-C does, so that servers are stopped and files removed."""
    def unwind(number, _frame):
        raise SystemExit(128 + number)
    signal.signal(signal.SIGTERM, unwind)
    signal.signal(signal.SIGHUP, unwind)
