"""What happens on the old server: delivery, reading, filing, deleting, over real protocols."""
from . import corpus
from .courier import deliver_directly, make_maildir
from .environment import chown_mail
from .mailboxes import ALICE, EMPTY, INFO, MAILBOXES, SALES, TEAM, UNREAD
from .sessions import Imap, Pop3

NESTED = ("Work", "Work.2020", "Work.2020.Q1")
NOT_ASCII = "Entwürfe & Ideen"
WITHOUT_PARENT = "Übung.Gelöscht"
AMPERSAND = "R&D"
LABELS = "Labels"
KEYWORDS = tuple(f"label{number:02}" for number in range(1, 31))
LETTERS = 26  # keywords that a maildir's file names have room for


def populate(server, copies=True):
    """Everything before the clients' first run; `copies` of INBOX messages also into INBOX."""
    for mailbox in MAILBOXES:
        home = server.mailroot / mailbox.domain / mailbox.local
        make_maildir(home / "Maildir")
    chown_mail(server.mailroot)
    messages = corpus.load()
    for message in messages[:24]:
        server.deliver(ALICE.address, message)
    for message in messages[2:11]:
        server.deliver(SALES.address, message)
    for message in messages[8:18]:
        server.deliver(TEAM.address, message)
    for message in messages[14:17]:
        deliver_directly(server, UNREAD.address, message)
    for message in messages[18:24:2] + messages[28:31]:
        server.deliver(INFO.address, message)
    _alice(server, messages, copies)
    _sales(server)
    _team(server)
    _info(server)
    with Imap(server.imap_port, EMPTY.address, EMPTY.password) as imap:
        imap.select("INBOX")


def _alice(server, messages, copies):
    """The mailbox that is used in every way."""
    with Pop3(server.pop3_port, ALICE.address, ALICE.password) as pop3:
        for number in (1, 2, 3):
            pop3.retrieve(number)
        pop3.delete(4)
    with Imap(server.imap_port, ALICE.address, ALICE.password) as imap:
        imap.select("INBOX")
        for folder in (*NESTED, NOT_ASCII, WITHOUT_PARENT, AMPERSAND, LABELS):
            imap.create(folder)
        uids = imap.uids()
        imap.read(uids[4])
        imap.store(uids[5:7], "\\Seen \\Answered")
        imap.store(uids[6:8], "\\Flagged")
        imap.store([uids[8]], "$Label1")
        imap.store(uids[9:11], "Invoice $Label1 \\Seen")
        imap.copy(uids[0:3], "Work")
        if copies:
            imap.copy([uids[2]], "INBOX")
        imap.move(uids[11:13], "Work.2020")
        imap.move([uids[13]], "Work.2020.Q1")
        imap.copy(uids[14:16], NOT_ASCII)
        imap.copy([uids[16]], WITHOUT_PARENT)
        imap.copy(uids[17:19], AMPERSAND)
        imap.copy(uids[0:6], LABELS)
        _append(imap, messages)
        _use_folders(imap, copies)
        for folder in ("Work", "Work.2020", NOT_ASCII, WITHOUT_PARENT):
            imap.subscribe(folder)
    for batch in (messages[24:28], messages[28:30]):
        for message in batch:
            server.deliver(ALICE.address, message)
        with Imap(server.imap_port, ALICE.address, ALICE.password) as imap:
            imap.select("INBOX")
            uids = imap.uids()
    with Imap(server.imap_port, ALICE.address, ALICE.password) as imap:
        imap.select("INBOX")
        # The highest UIDs go: they must not be given out a second time.
        imap.expunge(uids[-2:])
        imap.store([uids[1]], "\\Deleted")
    server.deliver(ALICE.address, messages[28])
    server.deliver(ALICE.address, messages[29])


def _append(imap, messages):
    """Sent mail and a draft, with dates of their own."""
    existing = imap.folders()
    for folder in ("Sent", "Drafts"):
        if folder not in existing:
            imap.create(folder)
            imap.subscribe(folder)
    imap.append("Sent", messages[31], "(\\Seen)", "06-May-2024 08:15:21 +0200")
    imap.append("Sent", messages[32], "(\\Seen \\Answered)", "21-Mar-2017 19:02:11 +0100")
    imap.append("Drafts", messages[30], "(\\Draft)", "31-Dec-1999 23:59:59 +0000")


def _use_folders(imap, copies):
    """A mail program opens every folder for writing, which is when Courier numbers its messages."""
    for folder in imap.folders():
        imap.select(folder)
        uids = imap.uids()
        if folder == "Work":
            imap.store([uids[0]], "\\Flagged Project")
            if copies:
                # A message that was filed and taken back has a new place in the mailbox.
                imap.move([uids[1]], "INBOX")
        elif folder == NOT_ASCII:
            imap.store(uids, "\\Seen $Forwarded")
        elif folder == LABELS:
            for position, uid in enumerate(uids):
                imap.store([uid], " ".join(KEYWORDS[position * 5:position * 5 + 5]))


def _sales(server):
    with Pop3(server.pop3_port, SALES.address, SALES.password) as pop3:
        for number in (1, 2, 5):
            pop3.retrieve(number)
        pop3.delete(1)
        pop3.delete(9)


def _team(server):
    with Imap(server.imap_port, TEAM.address, TEAM.password) as imap:
        imap.select("INBOX")
        uids = imap.uids()
        imap.create("Done")
        imap.subscribe("Done")
        imap.move(uids[1:4], "Done")
        imap.store(uids[4:6], "\\Seen Invoice")
        imap.select("Done")
        imap.store([imap.uids()[0]], "\\Answered")


def _info(server):
    with Imap(server.imap_port, INFO.address, INFO.password) as imap:
        imap.select("INBOX")
        uids = imap.uids()
        imap.store([uids[0]], "\\Flagged")
        imap.create("Bücher")
        imap.copy([uids[1]], "Bücher")
        imap.select("Bücher")
        imap.store(imap.uids(), "\\Seen")


def late(server, skip=()):
    """Mail that no client has fetched when the backup is taken: address -> messages.

    All of it stays in new/. One of Alice's was listed over IMAP, so it surely has its UID.
    The last one for each mailbox was put there directly and is in no list at all.
    """
    messages = corpus.load()
    looked_at = messages[30]
    arriving = {ALICE: messages[31:33], SALES: messages[20:22], TEAM: messages[31:33], INFO: messages[31:33],
                EMPTY: messages[31:32]}
    arriving = {mailbox: batch for mailbox, batch in arriving.items() if mailbox not in skip}
    if ALICE in arriving:
        server.deliver(ALICE.address, looked_at)
        with Imap(server.imap_port, ALICE.address, ALICE.password) as imap:
            imap.select("INBOX", read_only=True)
            imap.uids()
    for mailbox, batch in arriving.items():
        for message in batch[:-1]:
            server.deliver(mailbox.address, message)
        deliver_directly(server, mailbox.address, batch[-1])
    fetchable = {mailbox.address: list(batch) for mailbox, batch in arriving.items()}
    if ALICE in arriving:
        fetchable[ALICE.address].insert(0, looked_at)
    return fetchable
