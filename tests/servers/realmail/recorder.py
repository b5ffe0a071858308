"""Records fixtures: a backup of real mailboxes, and beside it what the old server answered."""
import json
import re
import shutil
import time

from . import chain, corpus, courier, digests, dovecot, forms, listings, mbox, scenario, state, truth
from .backup import SECRET_KEY, Packing, pack, pack_chain
from .environment import COMPRESSED, FORMS, MBOX, RECORDED, chown_mail, reserve_ports, work_directory
from .mailboxes import ALICE, MAILBOXES, SALES, USERS
from .oldside import OldSide, live, make_server
from .sessions import Imap

DEFAULT = "%08Xu%08Xv"

# Name of the fixture, UIDL format (none for Courier), and how it is packed.
FIXTURES = {
    "dovecot-default": (DEFAULT, Packing("server", "tzst", "tar")),
    "dovecot-cpanel": ("UID%u-%v", Packing("subscription", "tgz", "tar")),
    "dovecot-u-v": ("%u-%v", Packing("client", "tzst", "tar")),
    "dovecot-v.u": ("%v.%u", Packing("subscription", "tzst", "tar")),
    "dovecot-f": ("%f", Packing("server", "tgz", "tar")),
    "dovecot-g": ("%g", Packing("client", "tgz", "tar")),
    "courier": (None, Packing("subscription", "tzst", "tar")),
    "switched": (DEFAULT, Packing("server", "tzst", "tar")),
}


# A full dump with two increments in one export.
CHAINS = {
    "chain-dovecot": (DEFAULT, Packing("server", "tzst", "tar")),
    "chain-courier": (None, Packing("subscription", "tgz", "tar")),
}

# What each method of the zlib plugin stores: numbers in fixtures/messages, from 0.
STORED = {"gz": 19, "bz2": 13, "lz4": 25, "zstd": 18}

NAMES = (*FIXTURES, *CHAINS, "compressed", "mbox", "forms", "listings")


def record(name):
    """Record one fixture anew, in place of what was recorded of it before; returns its bytes."""
    target = {"compressed": COMPRESSED, "mbox": MBOX, "forms": FORMS, "listings": LISTINGS}.get(name, RECORDED / name)
    if name == "compressed":
        compressed(target)
    elif name == "listings":
        listings.record()
    elif name == "forms":
        forms.record(target)
    elif name == "mbox":
        served = mbox.record(target)
        (target / "truth.json").write_text(_readable(served))
    elif name in CHAINS:
        chained(name, target)
    else:
        backup(name, target)
    return sum(path.stat().st_size for path in target.rglob("*"))


def backup(name, target):
    """Run the scenario of one fixture; its backup and its truth."""
    uidl_format, packing = FIXTURES[name]
    with work_directory() as work, reserve_ports() as ports:
        old = switched(work, ports) if name == "switched" else live(uidl_format, work, ports)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        pack(old.mailroot, old.kind, packing, target / "backup.tar")
        files = digests.of_plesk(old.mailroot)
        for mailbox in MAILBOXES:
            counts = files[mailbox.address]
            old.truth[mailbox.address]["files"] = sorted([sha, second, count]
                                                         for (sha, second), count in counts.items())
        server = {"kind": old.kind, "option": old.option, "uidl_format": uidl_format,
                  "version": courier.version() if name == "courier" else dovecot.version(),
                  "backup": vars(packing), "secret_key": SECRET_KEY.decode()}
        if name == "switched":
            server["switched_from"] = f"courier {courier.version()}"
        (target / "truth.json").write_text(_readable({"server": server, "mailboxes": old.truth}))


def chained(name, target):
    """A chain of dumps; the truth is that of the last, and the files of each."""
    uidl_format, packing = CHAINS[name]
    with work_directory() as work, reserve_ports() as ports:
        old = chain.live(uidl_format, work, ports)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        pack_chain(old.snapshots, chain.STAMPS, old.kind, packing, target / "backup.tar")
        dumps = []
        for mailroot, stamp in zip(old.snapshots, chain.STAMPS):
            files = digests.of_plesk(mailroot)
            dumps.append({"stamp": stamp, "files": {
                mailbox.address: sorted([sha, second, count] for (sha, second), count in files[mailbox.address].items())
                for mailbox in MAILBOXES}})
        for mailbox in MAILBOXES:
            old.truth[mailbox.address]["files"] = dumps[-1]["files"][mailbox.address]
        server = {"kind": old.kind, "option": old.option, "uidl_format": uidl_format,
                  "version": courier.version() if uidl_format is None else dovecot.version(),
                  "backup": vars(packing), "secret_key": SECRET_KEY.decode()}
        (target / "truth.json").write_text(_readable({"server": server, "dumps": dumps[:-1], "left": chain.left(old),
                                                      "mailboxes": old.truth}))


def compressed(target):
    """One message by each method of Dovecot's zlib plugin: the file, and what IMAP serves of it."""
    messages, recorded = corpus.load(), {}
    target.mkdir(exist_ok=True)
    for method, number in STORED.items():
        with work_directory() as work, reserve_ports() as ports:
            maildir = work / "mail" / ALICE.domain / ALICE.local / "Maildir"
            courier.make_maildir(maildir)
            chown_mail(work / "mail")
            with dovecot.PleskDovecot(work / "server", ports, work / "mail", USERS, DEFAULT, method) as server:
                server.deliver(ALICE.address, messages[number])
                with Imap(ports[1], ALICE.address, ALICE.password) as imap:
                    imap.select("INBOX")
                    (attributes, served), = imap.fetch_all()
            stored, = (maildir / "cur").iterdir()
            (target / f"{method}.stored").write_bytes(stored.read_bytes())
            (target / f"{method}.eml").write_bytes(served)
            recorded[method] = {"name": stored.name, "date": state.internal_date(attributes),
                                "size": int(re.search(r"RFC822.SIZE (\d+)", attributes)[1])}
    (target / "truth.json").write_text(_readable({"server": {"kind": "dovecot", "version": dovecot.version()},
                                                  "messages": recorded}))


def _readable(value):
    """JSON with one message on a line, so that a change can be read in a diff."""
    def is_leaf(item):
        values = list(item.values()) if isinstance(item, dict) else item if isinstance(item, list) else []
        return not any(isinstance(each, dict) or (isinstance(each, list) and isinstance(item, list)) for each in values)

    def lay_out(item, indent):
        flat = json.dumps(item, ensure_ascii=False)
        if is_leaf(item) and len(flat) < 400:
            return flat
        if isinstance(item, list):
            parts, ends = [lay_out(each, indent + 1) for each in item], "[]"
        else:
            parts, ends = [f"{json.dumps(key, ensure_ascii=False)}: {lay_out(each, indent + 1)}"
                           for key, each in item.items()], "{}"
        pad = "\n" + " " * (indent + 1)
        return ends[0] + pad + ("," + pad).join(parts) + pad[:-1] + ends[1]
    return lay_out(value, 0) + "\n"


def switched(work, ports):
    """Courier for a while, then Dovecot over the same maildirs, with nothing converted between.

    `sales` is not opened after the switch: its clients know Courier's names only. Nor are the
    folders whose directories are in Courier's raw UTF-8: Dovecot can't open them.
    """
    mailroot = work / "old-mail"
    mailroot.mkdir()
    with make_server(None, work / "courier", ports, mailroot) as server:
        scenario.populate(server)
        by_courier = truth.seen(server)
    time.sleep(2)  # state files of the two servers must be told apart by their seconds
    after_switch = tuple(mailbox for mailbox in MAILBOXES if mailbox != SALES)
    with make_server(DEFAULT, work / "dovecot", ports, mailroot) as server:
        for mailbox in after_switch:
            if mailbox.uses_imap:
                with Imap(ports[1], mailbox.address, mailbox.password) as imap:
                    imap.select("INBOX")
        by_dovecot = truth.seen(server, after_switch)
        late = scenario.late(server, skip=(SALES,))
        option = server.option
    copy = work / "copy"
    truth.copy_maildirs(mailroot, copy)
    with make_server(DEFAULT, work / "dovecot2", ports, copy) as server:
        complete = truth.complete(server, by_dovecot, after_switch, unopened_expected=True)
    second = work / "copy2"
    truth.copy_maildirs(mailroot, second)
    with make_server(None, work / "courier2", ports, second) as server:
        complete |= truth.complete(server, by_courier, (SALES,))
    for mailbox in (each for each in after_switch if each.uses_imap):
        known = complete[mailbox.address]["imap"]["folders"]
        for folder, numbers in by_courier[mailbox.address]["imap"]["folders"].items():
            if folder not in known:
                known[folder] = numbers
                for message in numbers["messages"]:
                    message["listed"] = True
    ordered = {mailbox.address: complete[mailbox.address] for mailbox in MAILBOXES}
    return OldSide("dovecot", option, mailroot, ordered, late)
