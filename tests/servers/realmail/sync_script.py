"""The script that `sync` writes, in the cases that end badly when `doveadm sync` is left alone with them.

Small mailboxes written by hand, one for each case; cPanel's Dovecot serves them, and the script runs
against it as an administrator would run it.
"""
import fcntl
import os
import re
import subprocess
from collections import Counter

from . import rounds
from .backup import Packing, pack
from .conversion import convert, secret_key, unpack
from .dovecot import CpanelDovecot
from .environment import chown_mail, program, reserve_ports, work_directory
from .mailboxes import DOMAIN
from .sessions import Imap, Pop3
from .sync_script_cases import PASSWORD, REFUSED, WITH_RESERVE, WITHOUT_RESERVE, text_of

OLD_SERVER = "dovecot:%08Xu%08Xv"
# The format of the new server: without a reserve both give the same UIDLs.
SAME = "dovecot:UID%u-%v"
PACKING = Packing("server", "tar", "tar")


class New:
    """The mailbox on the new server."""

    def __init__(self, server, home, staged, mailbox, checks, environment):
        self.server, self.staged, self.mailbox, self._checks = server, staged, mailbox, checks
        self.box = home / "mail" / DOMAIN / mailbox.local
        self._environment = environment

    def imap(self):
        """A session of the owner."""
        return Imap(self.server.imap_port, self.mailbox.address, PASSWORD)

    def doveadm(self, *arguments):
        """What doveadm prints."""
        done = subprocess.run(["/usr/bin/doveadm", "-c", self.server.configuration, *arguments], capture_output=True,
                              text=True, check=True, env=self.server.environment())
        return done.stdout

    def deliver(self, subject, folder="INBOX"):
        """Mail arrives, and gets its number."""
        directory = self.box if folder == "INBOX" else self.box / f".{folder}"
        path = directory / "new" / f"1800000000.{subject}.newhost"
        path.write_bytes(text_of(subject))
        chown_mail(directory / "new")
        self.rows(folder)

    def open(self):
        """The owner looks into every folder."""
        with self.imap() as imap:
            for folder in imap.folders():
                imap.select(folder)
                imap.uids()

    def expunge(self, *subjects, folder="INBOX"):
        """The owner deletes."""
        uids = [uid for uid, (subject, *_) in self.rows(folder).items() if subject in subjects]
        with self.imap() as imap:
            imap.select(folder)
            imap.uids()
            imap.expunge(uids)

    def forget(self, folder="INBOX"):
        """Dovecot's log of a folder is gone, and with it what was deleted; then the owner looks again."""
        directory = self.box if folder == "INBOX" else self.box / f".{folder}"
        for path in directory.glob("dovecot.index*"):
            path.unlink()
        self.open()

    def rows(self, folder="INBOX"):
        """UID -> (subject, UIDL, flags)."""
        name = "INBOX" if folder == "INBOX" else f"INBOX.{folder}"
        text = self.doveadm("-f", "tab", "fetch", "-u", self.mailbox.address, "uid hdr.subject pop3.uidl flags",
                            "mailbox", name, "all")
        rows = [line.split("\t") for line in text.splitlines()[1:]]
        return {int(uid): (subject, uidl, flags) for uid, subject, uidl, flags in rows}

    def subjects(self, folder="INBOX"):
        """What is there, in order."""
        return sorted(subject for subject, *_ in self.rows(folder).values())

    def next(self, folder="INBOX"):
        """The next UID."""
        with self.imap() as imap:
            return imap.status(folder, "UIDNEXT")

    def uidls(self):
        """UIDL -> subject, as POP3 says them."""
        found = {}
        with Pop3(self.server.pop3_port, self.mailbox.address, PASSWORD) as pop3:
            for number, uidl, _ in pop3.listing():
                found[uidl] = re.search(rb"Subject: (\S+)", pop3.peek(number))[1].decode()
        return found

    def script(self, *arguments, staged=None, doveadm=None):
        """Run it for this mailbox."""
        environment = dict(self._environment)
        if doveadm:
            environment["DOVEADM"] = str(doveadm)
        done = subprocess.run(["bash", (staged or self.staged) / "sync.sh", *arguments, self.mailbox.address],
                              capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout + done.stderr

    def wrapper(self, name, body):
        """A doveadm that does something of its own when it is called."""
        path = self.staged.parent / f"doveadm-{name}"
        path.write_text(f'#!/bin/bash\nreal() {{ {self._environment["DOVEADM"]} "$@"; }}\nonce={path}.once\n{body}\n'
                        'real "$@"\n')
        path.chmod(0o755)
        return path

    def equal(self, what, expected, found):
        """One check."""
        self._checks.equal(f"{self.mailbox.local}: {what}", expected, found)

    def merges(self, *arguments, **more):
        """The script ends well."""
        status, said = self.script(*arguments, **more)
        self._checks.add(f"{self.mailbox.local}: the script merges", [] if status == 0 else [f"exit {status}", said])
        return said

    def stops(self, text, **more):
        """The script refuses, and says why."""
        status, said = self.script(**more)
        self._checks.add(f"{self.mailbox.local}: the script says: {text}",
                         [] if status == 1 and text in said else [f"exit {status}", said])

    def has(self, *subjects, folder="INBOX"):
        """These messages are there, each once, and no UIDL twice."""
        self.equal(f"messages of {folder}", sorted(subjects), self.subjects(folder))
        uidls = Counter(uidl for _, uidl, _ in self.rows(folder).values() if uidl)
        self.equal(f"UIDLs of {folder} that are there twice", [], [uidl for uidl, times in uidls.items() if times > 1])


def run():
    """All cases."""
    checks = rounds.Checks()
    with work_directory() as work, reserve_ports() as ports:
        for name, server, reserve, cases in (
                ("none", SAME, (), WITHOUT_RESERVE),
                ("reserve", OLD_SERVER, ("--reserve-uids", "1000"), WITH_RESERVE)):
            directory = work / name
            directory.mkdir()
            directory.chmod(0o755)
            _Group(directory, ports, server, reserve, [case() for case in cases], checks).run()
    return {"checks": checks.results, "rows": []}


class _Group:
    """Mailboxes of one conversion."""

    def __init__(self, work, ports, old_server, reserve, cases, checks):
        self.work, self.ports, self.old_server, self.reserve = work, ports, old_server, reserve
        self.cases, self.checks = cases, checks

    def _backup(self, number):
        root = self.work / f"old-{number}"
        for case in self.cases:
            case.write(root)
        return pack(root, "dovecot", PACKING, self.work / f"backup-{number}.tar",
                    [case.mailbox for case in self.cases])

    def _stage(self, backup, since, output):
        done = subprocess.run([program("plesk2cpanel", "PLESK2CPANEL"), "sync", backup, "--since", since,
                               "--old-server", self.old_server, *self.reserve, "--output", output,
                               "--secret-key", secret_key(self.work)], capture_output=True, text=True, check=False)
        self.checks.add(f"sync of {backup.name}", [] if done.returncode in (0, 3) else
                        [f"exit {done.returncode}", done.stderr])
        return done.stdout

    def _one_at_a_time(self, new):
        """While somebody else has the lock, the script does nothing."""
        state = self.work / "late" / "state"
        state.mkdir(exist_ok=True)
        with open(state / "lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            new.stops("another run of this script is under way")

    def _by_report(self, two, server, home, environment):
        """A report does not tell which message had which UID: that is seen when the script runs."""
        for case in self.cases:
            if case.local == "predicted":
                self._stage(two, self.work / "first" / "report.json", self.work / "by-report")
                new = New(server, home, self.work / "by-report", case.mailbox, self.checks, environment)
                new.open()
                new.stops("on the old server: use --merge-into")
                new.has("m11", "m12", "m13", folder="Work")

    def run(self):
        """From the first backup to the last script."""
        one = self._backup(1)
        archive, _ = convert(one, self.work / "first", self.old_server, *self.reserve)
        home = unpack(archive, self.work / "account")
        for case in self.cases:
            case.there()
        two = self._backup(2)
        said = self._stage(two, one, self.work / "late")
        with CpanelDovecot(self.work / "server", self.ports, home) as server:
            environment = dict(server.environment(), PATH=os.environ["PATH"], WORK=str(self.work),
                               DOVEADM=f"/usr/bin/doveadm -c {server.configuration}")
            news = {}
            for case in self.cases:
                if case.local in REFUSED:
                    pattern = rf"left as it is {case.local}@{DOMAIN}[^@]*{REFUSED[case.local]}"
                    self.checks.add(f"{case.local} is refused", [] if re.search(pattern, said) else [said])
                    continue
                new = news[case.local] = New(server, home, self.work / "late", case.mailbox, self.checks, environment)
                new.open()
                case.here(new)
                self._one_at_a_time(new)
                new.script("--check")
                new.equal("--check changes nothing", [], sorted((self.work / "late" / "state").glob("*@*")))
                case.run(new)
                (self.work / "late" / "state").rename(self.work / "late" / f"state-{case.local}")
            self._by_report(two, server, home, environment)
            again = [case for case in self.cases if hasattr(case, "then")]
            for case in again:
                case.then()
            if again:
                self._stage(self._backup(3), two, self.work / "later")
            for case in again:
                case.run_again(news[case.local], self.work / "later")
