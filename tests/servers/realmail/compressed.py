"""An old Dovecot whose zlib plugin stores messages compressed, and a new one that has no such plugin.

The methods take turns over one mailbox, so that it holds messages of all their forms, and
plain ones. This Dovecot reads xz and can't write it: one message is recompressed the way that
Dovecot's documentation describes for old mail, with a `Z` among the letters of its flags.
"""
import hashlib
import lzma
import os
import re
from collections import Counter
from pathlib import Path

from . import clients as clients_module
from . import corpus, digests, rounds, state, truth
from .backup import Packing, pack
from .conversion import convert, unpack
from .courier import deliver_directly, make_maildir
from .dovecot import CopiedDovecot, CpanelDovecot, PleskDovecot
from .environment import chown_mail, reserve_ports, work_directory
from .mailboxes import ALICE, USERS
from .sessions import PROTOCOL_ERRORS, Imap, Refused

UIDL_FORMAT = "%08Xu%08Xv"
# Values of zlib_save. Empty stands for plain.
METHODS = ("", "gz", "bz2", "lz4", "zstd")
# What a file of each form begins with.
BEGINNINGS = {"gzip": b"\x1f\x8b\x08", "bzip2": b"BZh", "lz4": b"Dovecot-LZ4\r*\x9b\xc5",
              "zstd": b"\x28\xb5\x2f\xfd", "xz": b"\xfd7zXZ\0"}
# Numbers in fixtures/messages, from 0. By every method: mixed line ends and none at the end; larger
# than one LZ4 piece; Latin-1. And one of each method's own.
DELIVERED = (11, 24, 32)
OWN = {"": 0, "gz": 19, "bz2": 13, "lz4": 27, "zstd": 18}
# Each method stores four delivered messages, an appended one and a copy. Then one plain message
# becomes xz, and of the two that arrive last one is stored as zstd and one plain.
EXPECTED_FORMS = {"plain": 6 - 1 + 1, "gzip": 6, "bzip2": 6, "lz4": 6, "zstd": 6 + 1, "xz": 1}
# A copy is a second name of the same file, and the report counts what is stored.
EXPECTED_REPORT = {"gzip": 5, "bzip2": 5, "lz4": 5, "zstd": 5 + 1, "xz": 1}
FOLDER = "Filed"


def run():
    """The checks of this round; it has no line in the table."""
    checks = rounds.Checks()
    with work_directory() as work, reserve_ports() as ports:
        mailroot = work / "old-mail"
        maildir = mailroot / ALICE.domain / ALICE.local / "Maildir"
        make_maildir(maildir)
        chown_mail(mailroot)
        clients = clients_module.for_mailboxes(work / "clients", (ALICE,), ports)
        known, expected, late, option = _live(work, ports, mailroot, clients, checks)
        checks.equal("the old server stored messages in every form", EXPECTED_FORMS, forms(maildir))
        archive, report = convert(pack(mailroot, "dovecot", Packing("subscription", "tzst", "tar"),
                                       work / "backup.tar", (ALICE,)), work / "out", option)
        checks.equal("the report tells how many were stored in which form", EXPECTED_REPORT, _reported(report))
        _control(work, ports, mailroot, expected, checks)
        home = unpack(archive, work / "account")
        _files(home / "mail" / ALICE.domain / ALICE.local, expected, checks)
        row = rounds.new_row(UIDL_FORMAT, "2.3", None)
        with CpanelDovecot(work / "server", ports, home) as server:
            checks.add("every message is served byte for byte, with its date",
                       _differences(expected, served(ports[1], ALICE)))
            rounds.compare_mailbox("2.3", known, ports, ALICE, report, checks, row)
            checks.add("the new server has nothing to complain about", server.complaints())
        with CpanelDovecot(work / "server2", ports, unpack(archive, work / "account2")):
            rounds.clients_return("2.3", work, ports, clients, {ALICE.address: late}, checks, row)
    return {"checks": checks.results, "rows": []}


def _live(work, ports, mailroot, clients, checks):
    """The old server up to the backup: what it answered, what it served, and what no client has fetched."""
    messages = corpus.load()
    for method in METHODS:
        with PleskDovecot(work / f"old-{method}", ports, mailroot, USERS, UIDL_FORMAT, method) as server:
            for number in (*DELIVERED, OWN[method]):
                server.deliver(ALICE.address, messages[number])
            _use(ports[1], method, messages)
    _recompress(mailroot / ALICE.domain / ALICE.local / "Maildir")
    late = [messages[30], messages[31]]
    with PleskDovecot(work / "old", ports, mailroot, USERS, UIDL_FORMAT, "zstd") as server:
        for name, (downloaded, error) in clients_module.run_all(clients).items():
            checks.add(f"{name} fetches from the old server",
                       [error] if error else [] if downloaded else ["nothing was downloaded"])
        before = truth.seen(server, (ALICE,))
        server.deliver(ALICE.address, late[0])
        deliver_directly(server, ALICE.address, late[1])
        option = server.option
        checks.add("the old server has nothing to complain about", server.complaints())
    copy = work / "old-copy"
    truth.copy_maildirs(mailroot, copy)
    with PleskDovecot(work / "old2", ports, copy, USERS, UIDL_FORMAT, "zstd") as server:
        known = truth.complete(server, before, (ALICE,))[ALICE.address]
        expected = served(ports[1], ALICE)
    checks.add("the old server reads every message", [f"{where} can't be read" for where, message in expected.items()
                                                      if message is None])
    return known, expected, late, option


def _use(port, method, messages):
    """Flags, a keyword, a copy and an appended message, over what was delivered last."""
    with Imap(port, ALICE.address, ALICE.password) as imap:
        if FOLDER not in imap.folders():
            imap.create(FOLDER)
            imap.subscribe(FOLDER)
        imap.select("INBOX")
        uids = imap.uids()[-4:]
        imap.read(uids[0])
        imap.store([uids[1]], "\\Flagged Invoice")
        imap.copy([uids[3]], FOLDER)
        imap.append("Sent", messages[OWN[method]], "(\\Seen)", "06-May-2024 08:15:21 +0200")


def _recompress(maildir):
    """One plain message as xz, with its time and a letter that marks it."""
    path = next(path for path in sorted((maildir / "cur").iterdir()) if form(path) == "plain")
    times = path.stat()
    recompressed = path.with_name(path.name + "Z")
    recompressed.write_bytes(lzma.compress(path.read_bytes()))
    os.utime(recompressed, ns=(times.st_atime_ns, times.st_mtime_ns))
    path.unlink()
    chown_mail(maildir)


def form(path):
    """How a message file is stored, by its first bytes."""
    content = path.read_bytes()
    return next((name for name, beginning in BEGINNINGS.items() if content.startswith(beginning)), "plain")


def forms(maildir):
    """How many message files there are of each form."""
    return dict(Counter(form(path) for path in _message_files(maildir)))


def _message_files(maildir):
    return [Path(directory, name) for directory, _, files in os.walk(maildir)
            if os.path.basename(directory) in ("cur", "new") for name in files]


def served(port, mailbox):
    """What IMAP serves of every message, by folder and UID: (bytes, date), None where the server can't.

    A session of its own for each message: a server that can't go on ends the session.
    """
    found = {}
    with Imap(port, mailbox.address, mailbox.password) as imap:
        for folder in imap.folders():
            imap.select(folder, read_only=True)
            found |= {(folder, uid): None for uid in imap.uids()}
    for folder, uid in found:
        try:
            with Imap(port, mailbox.address, mailbox.password) as imap:
                imap.select(folder, read_only=True)
                (attributes, content), = imap.fetch_all(str(uid))
        except (Refused, *PROTOCOL_ERRORS):
            continue
        found[folder, uid] = content, state.internal_date(attributes)
    return found


def _differences(expected, found):
    return [f"{folder}: UID {uid} is served with other bytes or another date"
            for (folder, uid), message in expected.items() if found.get((folder, uid)) != message] + [
            f"{folder}: UID {uid} was not there before" for folder, uid in found.keys() - expected.keys()]


def _reported(report):
    """The numbers that the finding names, by form."""
    texts = [finding["text"] for account in report["accounts"] for finding in account["findings"]
             if finding["code"] == "messages-unpacked"]
    return {name: int(number) for text in texts for number, name in re.findall(r"(\d+) as (\w+)", text)}


def _files(maildir, expected, checks):
    """The converted files hold the messages themselves, as a server without the plugin stores them."""
    checks.equal("every file is plain", {"plain": len(expected)}, forms(maildir))
    plain = Counter((hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest(), date)
                    for content, date in expected.values())
    found = digests.of_maildir(maildir)
    checks.add("every file holds what the old server served, with its time",
               [f"{count} x {sha[:12]} of second {second} is lost" for (sha, second), count in (plain - found).items()])
    wrong = []
    for path in _message_files(maildir):
        size = re.search(r",S=(\d+)", path.name)
        wide = re.search(r",W=(\d+)", path.name)
        content = path.read_bytes()
        if size and int(size[1]) != len(content):
            wrong.append(f"{path.name} has {len(content)} bytes")
        if wide and int(wide[1]) != len(content) + content.count(b"\n") - content.count(b"\r\n"):
            wrong.append(f"{path.name} has another size in CRLF")
    checks.add("every file is as large as its name says", wrong)


def _control(work, ports, mailroot, expected, checks):
    """The maildirs as they are, under a server without the plugin: what is compressed must not be readable."""
    copied = work / "control-mail"
    truth.copy_maildirs(mailroot, copied)
    with CopiedDovecot(work / "control", ports, copied, USERS):
        found = served(ports[1], ALICE)
    checks.equal("control: every message has its UID", expected.keys(), found.keys())
    same = sum(found.get(where) is not None and found[where][0] == content
               for where, (content, _) in expected.items())
    checks.equal("control: what was stored plain, and nothing else, is served as before",
                 EXPECTED_FORMS["plain"], same)
