"""Rounds of `sync`: a first backup, mail on both sides, and a second backup just before the switch."""
import contextlib
import os
import shutil
import subprocess
from collections import Counter
from dataclasses import dataclass

from . import bothsides, environment, plain, rounds, truth
from . import clients as clients_module
from .backup import Packing, pack
from .conversion import convert, sync, unpack
from .dovecot import CpanelDovecot
from .environment import TRIXIE, reserve_ports, work_directory
from .mailboxes import ALICE, EMPTY, INFO, MAILBOXES, POP3_CLIENTS, SALES, TEAM, UNREAD
from .oldside import make_server
from .sessions import Imap, Pop3

GAP = 1_000_000


@dataclass(frozen=True)
class Sync:
    """One way to bring the second backup in."""

    way: str       # script, or merge-into
    version: str   # of the new server
    since: str     # what tells of the first conversion: report, or backup
    touched: bool = True  # whether anything happened on the new side; if not, no UIDs are reserved
    third: bool = False  # whether a third backup is brought in after the switch


@dataclass(frozen=True)
class Round:
    """One kind of old server, and the ways that are tried after it."""

    name: str
    uidl_format: str | None
    ways: tuple


ROUNDS = (
    Round("dovecot-default", "%08Xu%08Xv", (Sync("script", "2.3", "backup", third=True), Sync("merge-into", "2.4", "report"),
                                           Sync("script", "2.3", "report", touched=False))),
    Round("dovecot-cpanel", rounds.SAME_AS_CPANEL, (Sync("merge-into", "2.3", "backup", third=True),
                                                    Sync("script", "2.4", "report"))),
    Round("courier", None, (Sync("script", "2.3", "backup"), Sync("merge-into", "2.3", "report"))),
)
# EMPTY has no message in the first backup, and then Courier has written no list for its IMAP clients.
CLIENTS = {mailbox: POP3_CLIENTS if mailbox == EMPTY else mailbox.clients for mailbox in MAILBOXES}
PACKINGS = (Packing("server", "tzst", "tar"), Packing("server", "tgz", "tar"), Packing("server", "tar", "tar"))


def run(what):
    """One kind of old server, with every way."""
    checks = rounds.Checks()
    with work_directory() as work, reserve_ports() as ports:
        old = _Old(what, work, ports, checks)
        for way in what.ways:
            place = (environment.trixie_directory() if way.version == "2.4"
                     else contextlib.nullcontext(work / f"new-{what.ways.index(way)}"))
            with place as directory:
                _New(old, way, directory, work / f"way-{what.ways.index(way)}", checks).tell()
    return {"checks": checks.results, "rows": []}


class _Old:
    """The old server's whole life: both backups, and the clients that stayed with it."""

    def __init__(self, what, work, ports, checks):
        self.work, self.ports, self.messages = work, ports, bothsides.Messages()
        mailroot = work / "old-mail"
        mailroot.mkdir()
        with make_server(what.uidl_format, work / "old", ports, mailroot) as server:
            bothsides.first(server, self.messages)
            self.first_clients = [
                clients_module.Client(name, work / "clients" / f"{mailbox.local}-{name}", mailbox, ports,
                                      self.messages.name)
                for mailbox in MAILBOXES for name in CLIENTS[mailbox]]
            _without_errors("the old server before the first backup",
                            clients_module.run_all(self.first_clients), checks)
            bothsides.before_first_backup(server, self.messages)
            one = work / "mail-1"
            truth.copy_maildirs(mailroot, one)
            bothsides.old_side(server, self.messages)
            self.clients = [client.copy(work / "clients-old" / client.directory.name)
                            for client in self.first_clients]
            _without_errors("the old server between the backups", clients_module.run_all(self.clients), checks)
            bothsides.before_second_backup(server, self.messages)
            two = work / "mail-2"
            truth.copy_maildirs(mailroot, two)
            bothsides.after_second_backup(server, self.messages)
            self.kind, self.option = server.kind, server.option
        # Asking the server gives waiting mail its number, so a copy is asked.
        copy = work / "old-copy"
        truth.copy_maildirs(two, copy)
        with make_server(what.uidl_format, work / "old2", ports, copy) as server:
            self.served = {mailbox: Served(ports, mailbox, self.messages) for mailbox in MAILBOXES if mailbox != UNREAD}
        if self.kind == "courier":
            # It numbers messages for POP3 when somebody first asks, and here nobody had.
            self.served[TEAM].uidls.clear()
        self.backups = [pack(root, self.kind, packing, work / f"backup-{number}.tar")
                        for number, (root, packing) in enumerate(zip((one, two, mailroot), PACKINGS), 1)]


class Served:
    """What a server says of a mailbox: names of messages instead of their bytes."""

    def __init__(self, ports, mailbox, messages):
        self.folders, self.flags = {}, {}
        with Imap(ports[1], mailbox.address, mailbox.password) as imap:
            for folder in imap.folders():
                validity, _ = imap.select(folder, read_only=True)
                entries = []
                for attributes, content in imap.fetch_all():
                    name = messages.name(content)
                    uid = int(attributes.split("UID ", 1)[1].split()[0].rstrip(")"))
                    entries.append((uid, name))
                    self.flags[name] = set(attributes.split("FLAGS (", 1)[1].split(")")[0].split())
                self.folders[folder] = (validity, imap.status(folder, "UIDNEXT"), dict(sorted(entries)))
        self.uidls = []
        with Pop3(ports[0], mailbox.address, mailbox.password) as pop3:
            for number, uidl, _ in pop3.listing():
                self.uidls.append((uidl, messages.name(pop3.peek(number))))

    def names(self, folder):
        """The messages of a folder, by how often they are there."""
        return Counter(self.folders.get(folder, (0, 0, {}))[2].values())


class _New:
    """The new server, one way of bringing the second backup in, and the switch."""

    def __init__(self, old, way, directory, work, checks):
        self.old, self.way, self.directory, self.work = old, way, directory, work
        self.ports, self.messages, self._checks = old.ports, old.messages, checks
        self.clients = []
        work.mkdir()

    def add(self, name, differences):
        """One check, with the way in front."""
        self._checks.add(f"{self.way.way} {self.way.version}{'' if self.way.touched else ' untouched'}: {name}",
                         differences)

    def tell(self):
        """Convert and restore, use both sides, bring the second backup in, and switch."""
        reserve = ("--reserve-uids", str(GAP)) if self.way.touched else ()
        output = self.work / "first"
        archive, _ = convert(self.old.backups[0], output, self.old.option, *reserve)
        home = unpack(archive, self.directory / "account")
        before = self._used(home) if self.way.touched else {}
        told = self.way.since == "report"
        again = self._sync(home, self.old.backups[1], output / "report.json" if told else self.old.backups[0],
                           () if told else reserve, self.directory / "synced")
        with CpanelDovecot(self.directory / "server2", self.ports, home, self.way.version) as server:
            bothsides.after_the_switch(server, self.messages)
            served = {mailbox: Served(self.ports, mailbox, self.messages) for mailbox in MAILBOXES}
            self._all_there(served)
            self._numbers(before, served)
            self._clients_come(served)
            self.add("the new server has nothing to complain about", server.complaints())
        self._again(home, again)
        if self.way.third:
            self._third(home, reserve)

    def _used(self, home):
        """The new side before the switch; what it served last."""
        with CpanelDovecot(self.directory / "server", self.ports, home, self.way.version) as server:
            bothsides.new_side(server, home, self.messages)
            self.clients = [client.copy(self.work / "clients-new" / client.directory.name)
                            for client in self.old.first_clients if client.mailbox != INFO]
            _without_errors("the new server before the switch", clients_module.run_all(self.clients), self._checks)
            served = {mailbox: Served(self.ports, mailbox, self.messages)
                      for mailbox in (ALICE, SALES, TEAM, EMPTY)}
            bothsides.before_the_switch(home, self.messages)
            self.add("the new server had nothing to complain about", server.complaints())
        return served

    def _sync(self, home, backup, since, more, output):
        """Bring a later backup in; returns how to do so once more, which must change nothing."""
        merged = self.way.way == "merge-into"

        def call():
            status = sync(backup, since, self.old.option, self.work, *more,
                          *(("--merge-into", home) if merged else ("--output", output)))
            self.add("nothing is left for a person to do", [] if status == 0 else [f"sync: exit {status}"])
        call()
        if merged:
            return call
        self._script(home, output)
        return lambda: self._script(home, output)

    def _script(self, home, output):
        """sync.sh as an administrator runs it, while the server runs."""
        with CpanelDovecot(self.directory / "server3", self.ports, home, self.way.version) as server:
            doveadm = self.work / "doveadm"
            # The 2.4 server lives in a root of its own: paths are others inside.
            inside = f'root={TRIXIE}\nset -- "${{@//"$root"/}}"\n' if self.way.version == "2.4" else ""
            command = " ".join(server.command("/usr/bin/doveadm"))
            doveadm.write_text(f'#!/bin/bash\n{inside}exec {command} "$@"\n')
            doveadm.chmod(0o755)
            done = subprocess.run(["bash", output / "sync.sh"], capture_output=True, text=True, check=False,
                                  env=dict(os.environ, DOVEADM=str(doveadm), WORK=str(self.directory)))
            self.add("sync.sh ends well", [] if done.returncode == 0 else
                     [f"exit {done.returncode}", *(done.stdout + done.stderr).splitlines()[-8:]])
            self.add("doveadm has nothing to complain about", server.complaints())

    def _all_there(self, served):
        """Each message once, deletions and flags of both sides."""
        folders, flags = bothsides.expected(self.way.touched)
        if self.way.since == "report":
            # It has no flags: what was taken away at the old server can't be told from what was added here.
            flags["alice-m7"] = {"\\Flagged", "Basekey"}
        for mailbox, expected in folders.items():
            found = {folder: served[mailbox].names(folder) for folder in served[mailbox].folders}
            differences = []
            for folder in expected.keys() | found.keys():
                should, there = Counter(expected.get(folder, set())), found.get(folder, Counter())
                differences += [f"{folder}: {name} is lost" for name in should - there]
                differences += [f"{folder}: {name} is too much" for name in there - should]
            self.add(f"{mailbox.address} has each message once", differences)
        self.add("flags and keywords of both sides", [
            f"{name}: {served[ALICE].flags.get(name)} instead of {expected}" for name, expected in flags.items()
            if served[ALICE].flags.get(name, set()) - {"\\Seen", "\\Recent"} != expected])

    def _numbers(self, before, served):
        """UIDs, UIDVALIDITYs and UIDLs that any client may know."""
        for mailbox, now in served.items():
            differences = []
            uidls = Counter(uidl for uidl, _ in now.uidls)
            differences += [f"{uidl} is served {count} times" for uidl, count in uidls.items() if count > 1]
            names = dict(now.uidls)
            for side, known in (("old", self.old.served.get(mailbox)), ("new", before.get(mailbox))):
                if known is None:
                    continue
                differences += [f"UIDL {uidl} was {name} at the {side} server, is {names[uidl]}"
                                for uidl, name in known.uidls if names.get(uidl, name) != name]
                here = set(names.values())
                differences += [f"{name} was {uidl} at the {side} server, and is no more"
                                for uidl, name in known.uidls if name in here and uidl not in names]
                differences += _uid_differences(side, known, now)
            self.add(f"{mailbox.address}: UIDLs, UIDs and UIDVALIDITYs of both sides", differences)

    def _clients_come(self, served):
        """After the switch all clients come to the new server, those of the old one and those of the new one."""
        for side, clients in (("old", self.old.clients), ("new", self.clients)):
            clients = [client.copy(self.work / f"clients-switch-{side}" / client.directory.name)
                       for client in clients]
            held = {client.directory.name: client.held() for client in clients}
            results = clients_module.run_all(clients)
            for client in clients:
                names, error = results[client.directory.name]
                here = served[client.mailbox]
                pop3 = client.name in POP3_CLIENTS
                if pop3:
                    expected = Counter(name for _, name in here.uidls if name not in held[client.directory.name])
                    differences = [f"{name} is loaded {names[name]} times instead of {expected[name]}"
                                   for name in names.keys() | expected.keys() if names[name] != expected[name]]
                else:
                    differences = self._mirror(client, here, names)
                differences += [f"it holds {name} {count} times"
                                for name, count in client.held().items() if count > 1]
                self.add(f"{client.directory.name}, so far at the {side} server, ends with each message once",
                         [error] if error else differences)

    @staticmethod
    def _mirror(client, here, loaded):
        """An IMAP client ends as a mirror of the server, and has loaded nothing of the first backup again."""
        there = sum((here.names(folder) for folder in here.folders), Counter())
        held = client.held()
        differences = [f"{name} is in the client {held[name]} times" for name in there.keys() | held.keys()
                       if held[name] != there[name]]
        cached = [name for name in loaded if "-m" in name or "-early" in name or name.startswith("work")]
        # Moved at the old server after the first backup, and loaded from its new folder by those that were not there.
        return differences + [f"{name} is loaded again" for name in cached
                              if name != "alice-m8" and not name.startswith(f"{client.mailbox.local}-early")]

    def _again(self, home, again):
        """A second run changes nothing."""
        before = self._state(home)
        again()
        self.add("a second run changes nothing", [f"{address}: {one} became {two}" for address, one, two in
                                                  zip(before, before.values(), self._state(home).values()) if one != two])

    def _third(self, home, reserve):
        """Nobody stopped the old server at the switch: a third backup, with the second as what was brought in last."""
        before = self._state(home)
        self._sync(home, self.old.backups[2], self.old.backups[1], reserve, self.directory / "synced-3")
        after = self._state(home)
        for mailbox, lost, came in ((ALICE, {"alice-m12", "fresh1"}, {"alice-straggler1"}),
                                    (SALES, set(), {"sales-straggler1"}), (TEAM, set(), set())):
            (folders, _, uidls), (now_folders, _, now_uidls) = before[mailbox.address], after[mailbox.address]
            for what, one, two in (("UIDLs", uidls, now_uidls), ("UIDs", _rows(folders), _rows(now_folders))):
                self.add(f"{mailbox.address}: after a third backup other {what} are as before",
                         [f"{row} is gone" for row in one if row not in two and row[-1] not in lost]
                         + [f"{row} is new" for row in two if row not in one and row[-1] not in came])
            names = Counter(row[-1] for row in _rows(now_folders))
            self.add(f"{mailbox.address}: a third backup brings and takes what it should",
                     [f"{name} is there {names[name]} times" for name in lost | came if names[name] != (name in came)])

    def _state(self, home):
        with CpanelDovecot(self.directory / "server4", self.ports, home, self.way.version):
            served = {mailbox.address: Served(self.ports, mailbox, self.messages) for mailbox in MAILBOXES}
        shutil.rmtree(self.directory / "server4")
        return {address: (each.folders, each.flags, each.uidls) for address, each in served.items()}


def _rows(folders):
    return [(folder, validity, uid, name) for folder, (validity, _, entries) in folders.items()
            for uid, name in entries.items()]


def _uid_differences(side, known, now):
    """UIDs never change nor go down; only what came late may have new ones."""
    differences = []
    for folder, (validity, following, entries) in known.folders.items():
        if folder not in now.folders or not entries:
            continue
        now_validity, now_following, now_entries = now.folders[folder]
        if now_validity != validity:
            differences.append(f"{folder}: UIDVALIDITY was {validity} at the {side} server, is {now_validity}")
        if now_following < following:
            differences.append(f"{folder}: next UID was {following} at the {side} server, is {now_following}")
        differences += [f"{folder}: UID {uid} was {name} at the {side} server, is {now_entries[uid]}"
                        for uid, name in entries.items() if now_entries.get(uid, name) != name]
        numbers = {name: uid for uid, name in now_entries.items()}
        differences += [f"{folder}: {name} was UID {uid} at the {side} server, is {numbers[name]}"
                        for uid, name in entries.items() if name in numbers and numbers[name] != uid
                        and not (side == "old" and numbers[name] >= GAP)]
    return differences


def _without_errors(where, results, checks):
    checks.add(f"clients at {where}", [f"{name}: {error}" for name, (_, error) in results.items() if error])
