"""`rescue --write` while the new server runs: somebody idles in the mailbox, and mail arrives all the time."""
import contextlib
import re
import threading

from . import clients as clients_module
from . import corpus, environment, plain, rounds
from .backup import Packing, pack
from .conversion import rescue
from .dovecot import CpanelDovecot
from .environment import reserve_ports, work_directory
from .idle import IdleClient
from .mailboxes import ALICE
from .oldside import live
from .rescue import opened
from .sessions import Imap

UIDL_FORMAT = "%08Xu%08Xv"
# So long is nothing heard from an idling server before it counts as quiet.
QUIET = 3


def run():
    """The checks, with each version as the new server."""
    checks = rounds.Checks()
    with work_directory() as work, reserve_ports() as ports:
        clients = clients_module.for_mailboxes(work / "clients", (ALICE,), ports)
        old_side = live(UIDL_FORMAT, work, ports, clients)
        backup = pack(old_side.mailroot, old_side.kind, Packing("server", "tzst", "tar"), work / "backup.tar")
        for version in ("2.3", "2.4"):
            place = environment.trixie_directory() if version == "2.4" else contextlib.nullcontext(work / "new-2.3")
            with place as directory:
                _one(version, work, ports, clients, old_side, backup, directory, checks)
    return {"checks": checks.results, "rows": []}


def _one(version, work, ports, clients, old_side, backup, directory, checks):
    home = plain.copy_into_home(old_side.mailroot, directory / "account")
    maildir = plain.maildir_of(home, ALICE)
    with CpanelDovecot(directory / "server", ports, home, version) as server:
        since = opened()
        with IdleClient(ports[1], ALICE.address, ALICE.password) as idler:
            with _Mail(server, maildir) as mail:
                mail.arrived.wait(30)
                status, _ = rescue(backup, home, old_side.option, work, "--since", since,
                                   "--pop3-log", server.directory / "dovecot.log", "--write")
            checks.equal(f"{version}: nothing is left for a person to do", 0, status)
            told = idler.heard(QUIET) + idler.stop_idling()
            checks.add(f"{version}: the idling client is told of new mail, and of nothing else",
                       [line for line in told if not re.fullmatch(
                           r"\* \d+ (EXISTS|RECENT)|\* OK Still here|t\d+ OK Idle completed.*", line)])
            uids = idler.all_uids()
            checks.equal(f"{version}: to it every message has the UID that it had", idler.uids,
                         uids[:len(idler.uids)])
            checks.equal(f"{version}: to it every message that arrived is there", len(mail.messages),
                         len(uids) - len(idler.uids))
            checks.equal(f"{version}: UIDs ascend", sorted(set(uids)), uids)
            idler.call(f"UID STORE {uids[0]},{uids[-1]} +FLAGS (\\Flagged AfterRescue)")
            with Imap(ports[1], ALICE.address, ALICE.password) as imap:
                validity, _ = imap.select("INBOX", read_only=True)
                checks.equal(f"{version}: another session sees the same", (idler.validity, uids),
                             (validity, imap.uids()))
        returning = [client.copy(work / f"clients-{version}" / client.directory.name) for client in clients]
        results = clients_module.run_all(returning)
        expected = rounds.bodies(old_side.late[ALICE.address] + mail.messages)
        for client in returning:
            downloaded, error = results[client.directory.name]
            checks.add(f"{version}: {client.directory.name} downloads what is new, once", [error] if error else
                       [] if downloaded == expected else
                       [f"{downloaded.total()} downloads instead of {expected.total()}"])
        names = sorted(path.name for path in maildir.glob("dovecot-uidlist*"))
        checks.equal(f"{version}: the old list is kept, and no lock", [True, True, 2],
                     ["dovecot-uidlist" in names, "dovecot-uidlist.lock" not in names, len(names)])
        checks.add(f"{version}: the server has nothing to complain about", server.complaints())


class _Mail:
    """Mail that arrives in turn through Dovecot's delivery agent and past it, until the block is left."""

    def __init__(self, server, maildir):
        self._server, self._maildir = server, maildir
        self._messages = corpus.load()
        self.messages, self._stop, self.arrived = [], threading.Event(), threading.Event()
        self._failure = None
        self._thread = threading.Thread(target=self._deliver)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _deliver(self):
        try:
            while not self._stop.wait(0.05):
                # Distinct bodies: a client that loads one of them twice must not look like one that loads two.
                number = len(self.messages)
                message = self._messages[25].rstrip(b"\n") + b"\nnumber %d\n" % number
                if number % 2:
                    plain.put_into_new(self._maildir, message, number)
                else:
                    self._server.deliver(ALICE.address, message)
                self.messages.append(message)
                if number >= 4:
                    self.arrived.set()
        except Exception as error:  # told by the thread that waits for this one
            self._failure = error
            self.arrived.set()
