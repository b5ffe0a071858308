"""A move in two steps: mail arrives, is read and is deleted at the old server and at the new one until the switch.

Each message has a name (`alice-m3`), by which it is known wherever it is met.
"""
import re

from . import corpus, plain
from .courier import make_maildir
from .environment import chown_mail
from .mailboxes import ALICE, EMPTY, INFO, MAILBOXES, SALES, TEAM, UNREAD
from .sessions import Imap, Pop3

# Larger messages add nothing here.
SMALL = 4000
DATE = "01-Jan-2025 00:00:00 +0000"


class Messages:
    """Messages that carry a name at their end, where no server and no client changes it."""

    def __init__(self):
        # Courier wraps 8-bit headers for a client that doesn't ask for UTF-8.
        self._models = [message for message in corpus.load() if len(message) < SMALL
                        and message.partition(b"\n\n")[0].isascii()]
        self._made = 0

    def make(self, name):
        """A message with this name."""
        model = self._models[self._made % len(self._models)]
        self._made += 1
        return model.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\nThis is " + name.encode() + b".\n"

    @staticmethod
    def name(message):
        """What a message is called."""
        found = re.findall(rb"This is ([\w-]+)\.\r?\n?", message)
        return found[-1].decode() if found else f"a stranger of {len(message)} bytes"


def first(server, messages):
    """The old server before the first backup, up to the clients' run."""
    for mailbox in MAILBOXES:
        make_maildir(server.mailroot / mailbox.domain / mailbox.local / "Maildir")
    chown_mail(server.mailroot)
    for mailbox, count in ((ALICE, 12), (SALES, 6), (TEAM, 6), (INFO, 4)):
        for number in range(1, count + 1):
            server.deliver(mailbox.address, messages.make(f"{mailbox.local}-m{number}"))
    with _imap(server, ALICE) as imap:
        imap.create("Work")
        imap.subscribe("Work")
        for number in (1, 2, 3):
            imap.append("Work", messages.make(f"work{number}"), "()", DATE)
        _open_all(imap)
        imap.store(_alice(imap, 7), "\\Flagged Basekey")
    with _imap(server, SALES) as imap:
        imap.create("Gone")
        imap.append("Gone", messages.make("gone1"), "()", DATE)
        _open_all(imap)
    for mailbox in (TEAM, INFO, EMPTY):
        with _imap(server, mailbox) as imap:
            _open_all(imap)


def before_first_backup(server, messages):
    """Mail that nobody fetches before the first backup."""
    for mailbox, count in ((ALICE, 2), (SALES, 1), (TEAM, 1), (UNREAD, 1)):
        _deliver(server, messages, mailbox, "early", count)
    with _imap(server, ALICE) as imap:
        _open_all(imap)


def old_side(server, messages):
    """The old server between the backups, up to its clients' last run."""
    for mailbox, count in ((ALICE, 2), (SALES, 1), (TEAM, 1), (EMPTY, 1), (INFO, 1)):
        _deliver(server, messages, mailbox, "between", count)
    with _imap(server, ALICE) as imap:
        imap.store(_alice(imap, 4, 5), "\\Flagged")
        imap.store(_alice(imap, 6), "Oldkey")
        imap.unstore(_alice(imap, 7), "\\Flagged Basekey")
        imap.move(_alice(imap, 8), "Work")
        imap.expunge(_alice(imap, 2, 3))
        imap.create("Fresh")
        imap.subscribe("Fresh")
        imap.append("Fresh", messages.make("fresh1"), "(\\Seen)", DATE)
        _open_all(imap)
    with Pop3(server.pop3_port, SALES.address, SALES.password) as pop3:
        pop3.delete(next(number for number, _, _ in pop3.listing()
                         if messages.name(pop3.peek(number)) == "sales-m2"))
    with _imap(server, SALES) as imap:
        imap.delete("Gone")
        _open_all(imap)
    with _imap(server, TEAM) as imap:
        # The highest UIDs of the first backup, so that nothing behind them tells that they are gone.
        imap.expunge(_uids(imap, {"team-m6", "team-early1"}))
    with _imap(server, INFO) as imap:
        # All of it, as a POP3 client that keeps nothing on the server does.
        imap.expunge(_numbered(imap, INFO, 1, 2, 3, 4))
    for mailbox in (TEAM, EMPTY, INFO):
        with _imap(server, mailbox) as imap:
            _open_all(imap)


def before_second_backup(server, messages):
    """Mail of the last minute at the old server: nobody has fetched it."""
    for mailbox in (ALICE, SALES, TEAM, UNREAD, INFO):
        _deliver(server, messages, mailbox, "last", 1)


def after_second_backup(server, messages):
    """What still happens at an old server that nobody stopped."""
    for mailbox in (ALICE, SALES):
        _deliver(server, messages, mailbox, "straggler", 1)
    with _imap(server, ALICE) as imap:
        imap.expunge(_alice(imap, 12))
        imap.select("Fresh")
        imap.expunge(imap.uids())


def new_side(server, home, messages):
    """The new server before the switch, up to its clients' run. Nobody comes to `info` there."""
    for mailbox, count in ((ALICE, 2), (SALES, 1), (TEAM, 1), (EMPTY, 1)):
        _deliver(server, messages, mailbox, "new", count)
    plain.put_into_new(plain.maildir_of(home, UNREAD), messages.make("unread-new1"), 1)
    with _imap(server, ALICE) as imap:
        imap.store(_alice(imap, 5), "\\Answered")
        imap.store(_alice(imap, 6), "Newkey")
        imap.store(_alice(imap, 9), "\\Flagged")
        imap.expunge(_alice(imap, 2, 10))  # m2 goes on both sides
        imap.expunge(_uids(imap, {"alice-early2"}))  # the highest UID that was converted
        imap.create("Mine")
        imap.append("Mine", messages.make("mine1"), "()", DATE)
    with _imap(server, TEAM) as imap:
        imap.expunge(_numbered(imap, TEAM, 3))


def before_the_switch(home, messages):
    """Mail of the last minute at the new server."""
    plain.put_into_new(plain.maildir_of(home, ALICE), messages.make("alice-newer1"), 2)


def after_the_switch(server, messages):
    """One more for each."""
    for mailbox in (ALICE, SALES, TEAM, EMPTY, INFO):
        _deliver(server, messages, mailbox, "after", 1)


def expected(touched=True):
    """address -> folder -> names of the messages that are in the end there; the flags of some of Alice's.

    Without `touched` nothing happened on the new side.
    """
    def inbox(mailbox, kept, **arrived):
        return {f"{mailbox.local}-m{number}" for number in kept} | {
            f"{mailbox.local}-{kind}{number}" for kind, count in arrived.items()
            for number in range(1, count + 1) if touched or kind not in ("new", "newer")}
    alice = [1, 4, 5, 6, 7, 9, 11, 12] if touched else [1, 4, 5, 6, 7, 9, 10, 11, 12]
    team = [1, 2, 4, 5] if touched else range(1, 6)
    folders = {
        ALICE: {"INBOX": inbox(ALICE, alice, early=1 if touched else 2, between=2, last=1, new=2, newer=1, after=1),
                "Work": {"work1", "work2", "work3", "alice-m8"}, "Fresh": {"fresh1"}},
        SALES: {"INBOX": inbox(SALES, [1, 3, 4, 5, 6], early=1, between=1, last=1, new=1, after=1)},
        TEAM: {"INBOX": inbox(TEAM, team, between=1, last=1, new=1, after=1)},
        UNREAD: {"INBOX": inbox(UNREAD, [], early=1, last=1, new=1)},
        EMPTY: {"INBOX": inbox(EMPTY, [], between=1, new=1, after=1)},
        INFO: {"INBOX": inbox(INFO, [], between=1, last=1, after=1)}}
    if touched:
        folders[ALICE]["Mine"] = {"mine1"}
    flags = {"alice-m4": {"\\Flagged"}, "alice-m5": {"\\Flagged", "\\Answered"}, "alice-m6": {"Oldkey", "Newkey"},
             "alice-m7": set(), "alice-m9": {"\\Flagged"}, "alice-m1": set()}
    if not touched:
        flags |= {"alice-m5": {"\\Flagged"}, "alice-m6": {"Oldkey"}, "alice-m9": set()}
    return folders, flags


def _imap(server, mailbox):
    return Imap(server.imap_port, mailbox.address, mailbox.password)


def _alice(imap, *numbers):
    return _numbered(imap, ALICE, *numbers)


def _numbered(imap, mailbox, *numbers):
    return _uids(imap, {f"{mailbox.local}-m{number}" for number in numbers})


def _uids(imap, names):
    """UIDs of these messages of an INBOX. Courier does not number in the order of delivery, but in that of file names."""
    imap.select("INBOX")
    return [int(re.search(r"UID (\d+)", attributes)[1]) for attributes, content in imap.fetch_all()
            if Messages.name(content) in names]


def _deliver(server, messages, mailbox, kind, count):
    for number in range(1, count + 1):
        server.deliver(mailbox.address, messages.make(f"{mailbox.local}-{kind}{number}"))


def _open_all(imap):
    """As a mail program does when it synchronises."""
    for folder in imap.folders():
        imap.select(folder)
        imap.uids()
