"""What the old server answers, taken without changing the answer.

Two records make the truth. The first is taken from the living server after the clients'
run: what they have seen. Mail that arrives afterwards was listed by nobody, and listing it
would give it its number; so the second record is taken from a copy of the maildirs, served
by the same server: what it would have answered next.
"""
import shutil

from . import utf7
from .environment import chown_mail
from .mailboxes import MAILBOXES
from .state import dump_imap, dump_pop3

# The file that holds the numbers which a protocol's clients know.
STATE_FILES = {"dovecot": {"pop3": "dovecot-uidlist", "imap": "dovecot-uidlist"},
               "courier": {"pop3": "courierpop3dsizelist", "imap": "courierimapuiddb"}}


class Unstable(Exception):
    """The old server's copy answers otherwise than the old server did."""


def protocols(kind, mailbox, mailroot, before):
    """The protocols over which this server has numbers of its own for this mailbox.

    Dovecot keeps one list for both, so a mailbox that was ever opened has both. Courier
    writes no list for a mailbox without a message: it will invent the numbers of the first.
    """
    used = {"pop3": mailbox.uses_pop3, "imap": mailbox.uses_imap}
    if kind == "dovecot":
        used = dict.fromkeys(used, any(used.values()))
    known = set()
    for protocol in (name for name, expected in used.items() if expected):
        state = mailroot / mailbox.domain / mailbox.local / "Maildir" / STATE_FILES[kind][protocol]
        if state.exists():
            known.add(protocol)
        elif before[protocol]:
            raise Unstable(f"{mailbox.address}: {state.name} is missing although {protocol} listed messages")
    return known


def seen(server, mailboxes=MAILBOXES):
    """What clients have been told so far, over the protocols that they use."""
    record = {}
    for mailbox in mailboxes:
        record[mailbox.address] = {
            "pop3": dump_pop3(server.pop3_port, mailbox.address, mailbox.password) if mailbox.uses_pop3 else None,
            "imap": dump_imap(server.imap_port, mailbox.address, mailbox.password) if mailbox.uses_imap else None}
    return record


def complete(copy, before, mailboxes=MAILBOXES, unopened_expected=False):
    """The truth: the answers of `copy`, a server over a copy of the maildirs, marked with what was seen."""
    record = {}
    for mailbox in mailboxes:
        known = protocols(copy.kind, mailbox, copy.mailroot, before[mailbox.address])
        entry = {"password": mailbox.password, "pop3": None, "imap": None}
        on_disk = folders_on_disk(copy, mailbox)
        if "pop3" in known:
            entry["pop3"] = dump_pop3(copy.pop3_port, mailbox.address, mailbox.password)
        if "imap" in known:
            entry["imap"] = dump_imap(copy.imap_port, mailbox.address, mailbox.password)
            _drop_automatic(entry["imap"], copy.kind, on_disk)
            if entry["imap"].pop("unopened") and not unopened_expected:
                raise Unstable(f"{mailbox.address}: the old server can't open its own folders")
        _mark(mailbox.address, entry, before[mailbox.address])
        record[mailbox.address] = entry
    return record


def folders_on_disk(server, mailbox):
    """Names of the folders' directories, without the leading dot."""
    maildir = server.mailroot / mailbox.domain / mailbox.local / "Maildir"
    return {path.name[1:] for path in maildir.glob(".*") if (path / "cur").is_dir()}


def _drop_automatic(record, kind, on_disk):
    """Forget the empty folders that Dovecot made only because it was asked now."""
    for name in list(record["folders"]):
        # Courier 5 has raw UTF-8 on disk, Dovecot modified UTF-7.
        directory = name if kind == "courier" else utf7.encode(name)
        if name == "INBOX" or directory in on_disk:
            continue
        if record["folders"].pop(name)["messages"]:
            raise Unstable(f"folder {name} has messages but no directory")
        if name in record["subscribed"]:
            record["subscribed"].remove(name)


def _mark(address, entry, before):
    """Set `listed` on each message, and fail when anything that was seen reads differently now."""
    if entry["pop3"] is not None:
        old = {message["uidl"]: message for message in before["pop3"] or []}
        for message in entry["pop3"]:
            was = old.pop(message["uidl"], None)
            if was is not None and was != message:
                raise Unstable(f"{address}: POP3 said {was}, then {message}")
            message["listed"] = was is not None
        if old:
            raise Unstable(f"{address}: POP3 no longer lists {sorted(old)}")
    if entry["imap"] is not None:
        for name, folder in entry["imap"]["folders"].items():
            was = (before["imap"] or {"folders": {}})["folders"].get(name, {"messages": []})
            if "uidvalidity" in was and was["uidvalidity"] != folder["uidvalidity"]:
                raise Unstable(f"{address}: UIDVALIDITY of {name} was {was['uidvalidity']}, is {folder['uidvalidity']}")
            old = {message["uid"]: message for message in was["messages"]}
            for message in folder["messages"]:
                earlier = old.pop(message["uid"], None)
                if earlier is not None and earlier != message:
                    raise Unstable(f"{address}: {name} said {earlier}, then {message}")
                message["listed"] = earlier is not None
            if old:
                raise Unstable(f"{address}: {name} no longer lists UIDs {sorted(old)}")


def copy_maildirs(source, target):
    """A copy with every attribute that a server looks at: times, modes, owner."""
    shutil.copytree(source, target, symlinks=True)
    chown_mail(target)
