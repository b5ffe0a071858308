"""An old Dovecot that keeps mbox files, and what it serves of them, byte for byte.

Mail reaches an mbox in two ways. Dovecot's own delivery agent writes lines that begin with `From `
as they are and goes by `Content-Length`. Others, such as qmail's, put a `>` before them, which
Dovecot serves as it is; what was sent is recorded beside.
"""
import hashlib
import os
import re
import shutil
import string
import time
from pathlib import Path

from . import corpus, utf7
from .dovecot import Dovecot, PleskDovecot, version, write_users
from .environment import CONFIG, MAIL_GID, MAIL_UID, chown_mail, reserve_ports, work_directory
from .mailboxes import ALICE, USERS
from .sessions import Imap, Pop3
from .state import internal_date

UIDL_FORMAT = "%08Xu%08Xv"
FOLDERS = ("Work", "Entwürfe", "R&D")
# A message that holds an mbox: the third line of the body looks like a separator.
FORWARDED = b"""From: Bob <bob@example.org>
Subject: an old folder

see below

From carol@example.org Thu Nov 29 22:33:52 2001
Subject: inner

>From the beginning on
From here on
>>From there on

From Thursday on we meet at 10
"""


class MboxDovecot(Dovecot):
    """The old server, whose mailboxes are <mailroot>/<domain>/<user>/{inbox,mail}."""

    kind = "dovecot"
    deliver = PleskDovecot.deliver

    def __init__(self, directory, ports, mailroot, users):
        self.mailroot, self.users = Path(mailroot), users
        # What was sent, where quoting changed it, by subject.
        self.sent = {}
        home = f"{mailroot}/%Ld/%Ln"
        flavor = (CONFIG / "plesk-2.3.conf").read_text().replace("auto = subscribe", "auto = no")
        flavor += (CONFIG / "mbox-2.3.conf").read_text()
        super().__init__(directory, ports, "dovecot-2.3.conf", {
            "passdb": f"username_format=%Lu {directory}/users", "home": home, "maildir": f"{home}/none",
            "flavor": string.Template(flavor).substitute(uidl_format=UIDL_FORMAT, home=home)})

    def __enter__(self):
        write_users(self.directory, self.users)
        return super().__enter__()

    def deliver_quoted(self, inbox, message, second):
        """As qmail-local does: `>` before every line that begins with `From `, an empty line behind."""
        quoted = re.sub(rb"^(>*From )", rb">\1", message, flags=re.MULTILINE)
        if quoted != message:
            self.sent[_subject(message)] = message
        date = time.strftime("%a %b %d %H:%M:%S %Y", time.gmtime(second)).encode()
        with inbox.open("ab") as file:
            file.write(b"From dave@example.org " + date + b"\n" + quoted)
            file.write(b"\n" if quoted.endswith(b"\n") else b"\n\n")
        os.chown(inbox, MAIL_UID, MAIL_GID)


def record(target):
    """The files of one mailbox, and what the server said of them."""
    with work_directory() as work, reserve_ports() as ports:
        home = work / "mail" / ALICE.domain / ALICE.local
        (home / "mail").mkdir(parents=True)
        chown_mail(work / "mail")
        with MboxDovecot(work / "server", ports, work / "mail", USERS) as server:
            _live(server, home)
            seen = _served(ports)
            # Nobody lists what arrives last.
            late = corpus.load()[8]
            server.deliver_quoted(home / "inbox", late, 1_700_000_900)
        target.mkdir(exist_ok=True)
        _save(home, target)
        with MboxDovecot(work / "server2", ports, work / "mail", USERS):
            truth = _served(ports)
        _mark(truth, seen, server.sent)
        truth["server"] = {"kind": "dovecot", "version": version(), "uidl_format": UIDL_FORMAT,
                           "option": f"dovecot:{UIDL_FORMAT}"}
        return truth


def _live(server, home):
    messages = corpus.load()
    inbox = home / "inbox"
    for number in (0, 2, 5, 11, 14, 17):
        server.deliver(ALICE.address, messages[number])
    server.deliver(ALICE.address, FORWARDED)
    for number, message in enumerate((FORWARDED.replace(b"folder", b"quoted folder"), messages[32], messages[15])):
        server.deliver_quoted(inbox, message, 1_700_000_000 + 60 * number)
    with Imap(server.imap_port, ALICE.address, ALICE.password) as imap:
        imap.select("INBOX")
        for folder in FOLDERS:
            imap.create(folder)
            imap.subscribe(folder)
        uids = imap.uids()
        imap.read(uids[0])
        imap.store(uids[1:3], "\\Seen \\Answered")
        imap.store(uids[2:4], "\\Flagged Invoice")
        imap.store([uids[7]], "$Label1 Invoice \\Seen")
        imap.store([uids[4]], "\\Deleted")
        imap.copy(uids[0:2] + uids[6:8], "Work")
        imap.copy([uids[3]], "R&D")
        imap.append("Entwürfe", messages[3], "(\\Draft \\Seen)", "06-May-2024 08:15:21 +0200")
        imap.expunge([uids[5]])
    with Pop3(server.pop3_port, ALICE.address, ALICE.password) as pop3:
        pop3.retrieve(1)
        pop3.delete(2)
    for number in (29, 31):
        server.deliver(ALICE.address, messages[number])
    with Imap(server.imap_port, ALICE.address, ALICE.password) as imap:
        imap.select("INBOX")
        # The highest UID is gone for good: it must not be given out again.
        imap.expunge([imap.uids()[-1]])


def _subject(message):
    found = re.search(rb"^Subject: (.*?)\r?$", message, re.MULTILINE)
    return found[1] if found else b""


def _served(ports):
    with Imap(ports[1], ALICE.address, ALICE.password) as imap:
        folders = {}
        for folder in ("INBOX", *FOLDERS):
            validity, following = imap.select(folder, read_only=True)
            folders[folder] = {"uidvalidity": validity, "uidnext": following,
                               "messages": [_message(*pair) for pair in imap.fetch_all()]}
        subscribed = imap.subscribed()
    with Pop3(ports[0], ALICE.address, ALICE.password) as pop3:
        listing = [{"uidl": uidl, "size": size} for _, uidl, size in pop3.listing()]
    return {"folders": folders, "subscribed": subscribed, "pop3": listing}


def _message(attributes, content):
    flags = re.search(r"FLAGS \(([^)]*)\)", attributes)[1].split()
    plain = content.replace(b"\r\n", b"\n")
    return {"uid": int(re.search(r"UID (\d+)", attributes)[1]),
            "flags": sorted(flag for flag in flags if flag != "\\Recent"),
            "date": internal_date(attributes), "size": len(content), "subject": _subject(plain).decode("latin-1"),
            "digest": hashlib.sha256(plain).hexdigest()}


def _mark(truth, seen, sent):
    """Set what nobody had listed, and what was sent where the server served it quoted.

    Only in INBOX: a copy is written by Dovecot, which takes what it finds for the message.
    """
    for name, folder in truth["folders"].items():
        known = {message["uid"]: message for message in seen["folders"][name]["messages"]}
        for message in folder["messages"]:
            message["listed"] = message["uid"] in known
            if message["listed"] and known[message["uid"]] != {k: v for k, v in message.items() if k != "listed"}:
                raise ValueError(f"{name}: UID {message['uid']} reads otherwise now")
            original = sent.get(message["subject"].encode("latin-1")) if name == "INBOX" else None
            if original:
                message["sent"] = hashlib.sha256(original).hexdigest()


def _save(home, target):
    """The mbox files under the names that a person reads; the server's own are in modified UTF-7."""
    shutil.copyfile(home / "inbox", target / "inbox")
    shutil.copyfile(home / "mail" / ".subscriptions", target / "subscriptions")
    for folder in FOLDERS:
        name = utf7.encode(folder)
        shutil.copyfile(home / "mail" / name, target / name)
