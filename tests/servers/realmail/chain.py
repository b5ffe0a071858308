"""A full dump and two increments of the same mailboxes: what happens between them, and what is left.

Every way in which a message can change or go stands here: that is what an overlay of the dumps
has to find out from the files of the servers.
"""
import shutil
import time
from dataclasses import dataclass

from . import corpus, truth
from .courier import deliver_directly, make_maildir
from .environment import chown_mail
from .mailboxes import ALICE, EMPTY, INFO, MAILBOXES, SALES, TEAM, UNREAD
from .oldside import make_server
from .sessions import Imap, Pop3

STAMPS = ("2411230100", "2411240100", "2411250100")
# Larger messages add nothing here.
SMALL = 2000
# The folder that is deleted after the full dump.
DELETED = "Old"


@dataclass
class Chain:
    """What is left when the server has stopped."""

    kind: str
    option: str
    snapshots: list
    truth: dict


def live(uidl_format, work, ports):
    """One server from the full dump to the second increment; a copy of its mail at each."""
    mailroot = work / "old-mail"
    mailroot.mkdir()
    snapshots = []

    def snapshot():
        target = work / f"dump{len(snapshots)}"
        truth.copy_maildirs(mailroot, target)
        snapshots.append(target)
        time.sleep(1.1)  # the next change is told by its second
    with make_server(uidl_format, work / "old", ports, mailroot) as server:
        messages = [message for message in corpus.load() if len(message) < SMALL]
        _before_the_full_dump(server, messages)
        snapshot()
        _before_the_first_increment(server, messages)
        snapshot()
        _before_the_second_increment(server, messages)
        before = truth.seen(server)
        _late(server, messages)
        snapshot()
    copy = work / "old-copy"
    truth.copy_maildirs(mailroot, copy)
    with make_server(uidl_format, work / "old2", ports, copy) as server:
        complete = truth.complete(server, before)
        option = server.option
    shutil.rmtree(copy)
    return Chain(server.kind, option, snapshots, complete)


def left(chain):
    """Folders that were deleted and that nothing in the files of the server tells of: address -> names.

    They are converted with what the older dump has of them.
    """
    return {ALICE.address: [DELETED]} if chain.kind == "courier" else {}


def _imap(server, mailbox):
    return Imap(server.imap_port, mailbox.address, mailbox.password)


def _open_all(imap):
    """As a mail program does when it synchronises."""
    for folder in imap.folders():
        imap.select(folder)
        imap.uids()


def _before_the_full_dump(server, messages):
    for mailbox in MAILBOXES:
        make_maildir(server.mailroot / mailbox.domain / mailbox.local / "Maildir")
    chown_mail(server.mailroot)
    for mailbox, batch in ((ALICE, messages[:18]), (SALES, messages[3:11]), (TEAM, messages[5:10]),
                           (INFO, messages[1:5])):
        for message in batch:
            server.deliver(mailbox.address, message)
    deliver_directly(server, UNREAD.address, messages[2])
    with _imap(server, ALICE) as imap:
        imap.select("INBOX")
        uids = imap.uids()
        for folder in ("Keep", "Work", DELETED, "Lists"):
            imap.create(folder)
            imap.subscribe(folder)
            imap.copy(uids[:3], folder)
        imap.store(uids[3:6], "\\Seen")
        imap.store([uids[6]], "$Label1")
        _open_all(imap)
    with Pop3(server.pop3_port, SALES.address, SALES.password) as pop3:
        pop3.retrieve(1)
    for mailbox in (TEAM, INFO, EMPTY):
        with _imap(server, mailbox) as imap:
            _open_all(imap)


def _before_the_first_increment(server, messages):
    with _imap(server, ALICE) as imap:
        imap.select("INBOX")
        uids = imap.uids()
        imap.store([uids[4]], "\\Flagged $Label2")
        imap.expunge([uids[1], uids[7]])
        imap.move([uids[8]], "Work")
        imap.copy([uids[9]], "Keep")
        # Moved away and taken back: another UID, and maybe the same file name.
        imap.move([uids[10]], "Keep")
        imap.select("Keep")
        imap.move([imap.uids()[-1]], "INBOX")
        imap.delete(DELETED)
        imap.rename("Work", "Projects")
        # A folder that was deleted and made again under its name is another folder.
        imap.delete("Lists")
        imap.create("Lists")
        imap.select("INBOX")
        imap.copy([imap.uids()[5]], "Lists")
        _open_all(imap)
    with Pop3(server.pop3_port, SALES.address, SALES.password) as pop3:
        pop3.delete(2)
        pop3.delete(5)
    for message in messages[12:14]:
        server.deliver(SALES.address, message)
        server.deliver(ALICE.address, message)
    # Seen by nobody before it goes again; and mail that stays unseen.
    server.deliver(TEAM.address, messages[11])
    server.deliver(EMPTY.address, messages[10])
    with _imap(server, ALICE) as imap:
        _open_all(imap)
    with Pop3(server.pop3_port, SALES.address, SALES.password) as pop3:
        pop3.listing()


def _before_the_second_increment(server, messages):
    with _imap(server, ALICE) as imap:
        imap.select("INBOX")
        uids = imap.uids()
        # Of the full dump, of the first increment, and the highest UID.
        imap.expunge([uids[0], uids[-2], uids[-1]])
        imap.store([uids[3]], "\\Answered")
        imap.store([uids[5]], "\\Deleted")
        imap.select("Projects")
        imap.expunge([imap.uids()[1]])
        _open_all(imap)
    with _imap(server, TEAM) as imap:
        imap.select("INBOX")
        imap.expunge([imap.uids()[-1]])
        imap.uids()
    server.deliver(ALICE.address, messages[14])
    with _imap(server, ALICE) as imap:
        _open_all(imap)
    with Pop3(server.pop3_port, SALES.address, SALES.password) as pop3:
        pop3.delete(1)
    # Courier's POP3 server writes down what is gone only when somebody comes again.
    with Pop3(server.pop3_port, SALES.address, SALES.password) as pop3:
        pop3.listing()
    with _imap(server, EMPTY) as imap:
        _open_all(imap)


def _late(server, messages):
    """Mail that nobody has fetched."""
    deliver_directly(server, SALES.address, messages[15])
    deliver_directly(server, UNREAD.address, messages[16])
