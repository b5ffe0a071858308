"""The old server's life up to the backup: the same for recording and for the end-to-end test."""
from dataclasses import dataclass, field
from pathlib import Path

from . import scenario, truth
from .clients import run_all
from .courier import Courier
from .dovecot import PleskDovecot
from .mailboxes import USERS


@dataclass
class OldSide:
    """What is left when the old server has stopped."""

    kind: str
    option: str
    mailroot: Path
    truth: dict
    late: dict
    downloads: dict = field(default_factory=dict)


def make_server(uidl_format, directory, ports, mailroot):
    """Courier when there is no format, else Dovecot with it."""
    if uidl_format is None:
        return Courier(directory, ports, mailroot, USERS)
    return PleskDovecot(directory, ports, mailroot, USERS, uidl_format)


def live(uidl_format, work, ports, clients=(), copies=True):
    """Run the scenario; clients synchronise once before the late mail arrives."""
    mailroot = work / "old-mail"
    mailroot.mkdir()
    with make_server(uidl_format, work / "old", ports, mailroot) as server:
        scenario.populate(server, copies)
        downloads = run_all(clients)
        before = truth.seen(server)
        late = scenario.late(server)
    copy = work / "old-copy"
    truth.copy_maildirs(mailroot, copy)
    with make_server(uidl_format, work / "old2", ports, copy) as server:
        complete = truth.complete(server, before)
        option = server.option
    return OldSide(server.kind, option, mailroot, complete, late, downloads)
