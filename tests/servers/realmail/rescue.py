"""Rounds of `rescue`: the account was moved by a plain copy, and some of its owners came by before anybody noticed.

The control is the first half of each round: those who came by download everything again, or the round would
prove nothing.
"""
import contextlib
import datetime
import subprocess
import time
from collections import Counter

from . import clients as clients_module
from . import corpus, digests, environment, plain, rounds, state
from .backup import pack
from .conversion import rescue
from .dovecot import CpanelDovecot
from .environment import reserve_ports, work_directory
from .mailboxes import ALICE, INFO, MAILBOXES, POP3_CLIENTS, SALES, TEAM, UNREAD
from .oldside import live

# Who opened the new mailbox before the rescue, in one half of the rounds and in the other.
CAME = ((SALES, INFO), (ALICE, TEAM))
# Folders of these were made by Courier in raw UTF-8: after a plain copy no Dovecot opens them.
NOT_ASCII_FOLDERS = (ALICE, INFO)
# Numbers in fixtures/messages, from 0: what arrives between the copy and the rescue, and after it.
BETWEEN, AFTER = 25, 27


def run(what):
    """One kind of old server."""
    checks = rounds.Checks()
    with work_directory() as work, reserve_ports() as ports:
        clients = clients_module.for_mailboxes(work / "clients", MAILBOXES, ports)
        old_side = live(what.uidl_format, work, ports, clients, copies=what.uidl_format != "%g")
        backup = pack(old_side.mailroot, old_side.kind, what.packing, work / what.packing.name())
        for number, version in enumerate(what.new_versions):
            # With files as the evidence mail must come past Dovecot, which would write its own files; with the
            # log it may come through Dovecot's delivery agent. Which half comes by changes with the rounds.
            by_log = (number + rounds.ROUNDS.index(what)) % 2 == 1
            place = environment.trixie_directory() if version == "2.4" else contextlib.nullcontext(work / "new-2.3")
            with place as directory:
                _Story(what, version, work, ports, old_side, clients, checks, by_log).tell(backup, directory)
    return {"checks": checks.results, "rows": []}


def opened():
    """Now, as the time when clients could first reach the server, with a log that began before and mail that comes after."""
    time.sleep(1.1)
    now = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    time.sleep(1.1)
    return now


class _Story:
    """What happens on one new server."""

    def __init__(self, what, version, work, ports, old_side, clients, checks, by_log):
        self.what, self.version, self.work, self.ports = what, version, work, ports
        self.old, self.checks, self.by_log = old_side, checks, by_log
        self.came = CAME[by_log]
        self.clients = [client.copy(work / f"clients-{version}" / client.directory.name) for client in clients]
        self.messages = corpus.load()

    def tell(self, backup, directory):
        """Copy, come by, rescue, come again."""
        home = plain.copy_into_home(self.old.mailroot, directory / "account")
        with CpanelDovecot(directory / "server", self.ports, home, self.version) as server:
            since = opened()
            self._arrive(server, home, BETWEEN)
            self._come_by()
            before = {mailbox: self._served(mailbox) for mailbox in self.came}
            lists, files = plain.lists(home), digests.of_tree(home / "mail")
            evidence = ["--since", since,
                        *(["--pop3-log", server.directory / "dovecot.log"] if self.by_log else ["--trust-files"])]

            def call(*more):
                return rescue(backup, home, self.old.option, self.work, *evidence, *more)
            call()
            self.add("a dry run changes no file", digests.changed(files, digests.of_tree(home / "mail")))
            _, report = call("--write")
            if self._follow(server, report):
                call("--write")
            self._lists_kept(lists, plain.lists(home))
            for mailbox in self.came:
                self.equal(f"{mailbox.address} came by: all is served as before", before[mailbox],
                           self._served(mailbox))
            written = digests.of_tree(home / "mail")
            status, _ = call("--write")
            self.add("a second rescue changes no file", digests.changed(written, digests.of_tree(home / "mail")))
            self._arrive(server, home, AFTER)
            self._all_come()
            self._old_uidls()
            self.add("the new server has nothing to complain about", server.complaints())

    @staticmethod
    def _follow(server, report):
        """Do what the report asks for: Dovecot's own delivery may have begun a list that names nothing else."""
        named = [mailbox["address"] for mailbox in report["mailboxes"] for finding in mailbox["findings"]
                 if finding["code"] == "rescue-unlisted"]
        for address in named:
            subprocess.run(server.command("/usr/bin/doveadm", "index", "-u", address, "INBOX"), check=True,
                           capture_output=True, env=server.environment())
        return named

    def add(self, name, differences):
        """One check, with the version in front."""
        self.checks.add(f"{self.version}: {name}", differences)

    def equal(self, name, expected, found):
        """A check of one value."""
        self.checks.equal(f"{self.version}: {name}", expected, found)

    def _arrive(self, server, home, number):
        """One message for each mailbox."""
        for serial, mailbox in enumerate(MAILBOXES):
            if self.by_log:
                server.deliver(mailbox.address, self.messages[number])
            else:
                plain.put_into_new(plain.maildir_of(home, mailbox), self.messages[number], serial)

    def _served(self, mailbox):
        return state.dump_pop3(self.ports[0], mailbox.address, mailbox.password)

    def _expected(self, mailbox, *numbers):
        """Bodies of mail that nobody had fetched from the old server, and of these messages."""
        return rounds.bodies(self.old.late.get(mailbox.address, []) + [self.messages[number] for number in numbers])

    def _come_by(self):
        """The control: a plain copy is another mailbox to POP3 clients, unless the formats are equal."""
        here = [client for client in self.clients if client.mailbox in self.came]
        results = clients_module.run_all(here)
        for client in here:
            downloaded, error = results[client.directory.name]
            expected = self._expected(client.mailbox, BETWEEN)
            name = f"after the plain copy {client.directory.name}"
            if client.name in POP3_CLIENTS and self.what.uidl_format != rounds.SAME_AS_CPANEL:
                known = self.old.truth[client.mailbox.address]["pop3"]
                self.equal(f"{name} downloads everything again", len(known) + 1, downloaded.total())
            elif client.name in POP3_CLIENTS or self.old.kind == "dovecot":
                self.equal(f"{name} downloads only what is new", expected, downloaded)
            else:
                self.add(f"{name} can't go on", [] if error or downloaded != expected else ["it could"])

    def _all_come(self):
        """The point of it all."""
        results = clients_module.run_all(self.clients)
        for client in self.clients:
            downloaded, error = results[client.directory.name]
            came = client.mailbox in self.came
            name = f"after the rescue {client.directory.name}"
            if client.name not in POP3_CLIENTS and not self._imap_goes_on(client.mailbox, came):
                # Its folder has been another one to it since the plain copy, and stays that.
                self.add(f"{name} is no worse off", [] if error or not came else
                         [f"{downloaded.total()} downloads"] if downloaded.total() > 1 else [])
                continue
            expected = self._expected(client.mailbox, BETWEEN, AFTER)
            if came:
                expected = Counter(rounds.bodies([self.messages[AFTER]]))
            what = "nothing a third time" if came else "nothing that it had"
            self.add(f"{name} downloads {what}, and what is new once", [error] if error else
                     [] if downloaded == expected else
                     [f"{downloaded.total()} downloads instead of {expected.total()}"])

    def _imap_goes_on(self, mailbox, came):
        """Courier's lists mean nothing to Dovecot: only where it made none of its own can UIDs come back."""
        if self.old.kind == "dovecot":
            return True
        return not came and not self.by_log and mailbox not in NOT_ASCII_FOLDERS

    def _old_uidls(self):
        """Where nobody had come, every message that a client knows has its old UIDL."""
        for mailbox in MAILBOXES:
            if mailbox in self.came:
                continue
            served = {entry["uidl"]: entry["digest"] for entry in self._served(mailbox)}
            known = self.old.truth[mailbox.address]["pop3"]
            if mailbox == UNREAD:
                self.equal(f"{mailbox.address} has all its mail", 5, len(served))
            elif known is not None:
                self.add(f"{mailbox.address}: POP3 names as on the old server",
                         [f"{entry['uidl']} is gone" for entry in known
                          if entry["listed"] and served.get(entry["uidl"]) != entry["digest"]])

    def _lists_kept(self, before, after):
        """No UID that a client may know is given to another message, and none changes."""
        differences = []
        for path, (validity, entries) in before.items():
            now, found = after.get(path, (None, {}))
            if now != validity:
                differences.append(f"{path}: {validity} became {now}")
            differences += [f"{path}: UID {uid} was {name}, is {found.get(uid)}"
                            for uid, name in entries.items() if found.get(uid) != name]
        self.add("no UIDVALIDITY and no UID of an existing list changes", differences)
