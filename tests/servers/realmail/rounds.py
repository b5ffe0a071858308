"""One round of the end-to-end test: old server, backup, conversion, new server, and the control."""
import contextlib
from collections import Counter
from dataclasses import dataclass

from . import clients as clients_module
from . import corpus, digests, environment, state, truth
from .backup import Packing, pack
from .conversion import convert, unpack, verify
from .dovecot import CopiedDovecot, CpanelDovecot
from .environment import reserve_ports, work_directory
from .mailboxes import ALICE, IMAP_CLIENTS, INFO, MAILBOXES, POP3_CLIENTS, SALES, TEAM, UNREAD, USERS
from .oldside import live
from .scenario import KEYWORDS, LABELS, LETTERS
from .sessions import PROTOCOL_ERRORS, Imap, Pop3

# The one format under which a plain copy is right already: cPanel's own.
SAME_AS_CPANEL = "UID%u-%v"


@dataclass(frozen=True)
class Round:
    """What one round tries."""

    name: str
    uidl_format: str | None
    new_versions: tuple
    packing: Packing


ROUNDS = (
    Round("dovecot-default", "%08Xu%08Xv", ("2.3", "2.4"), Packing("server", "tzst", "tar")),
    Round("dovecot-cpanel", SAME_AS_CPANEL, ("2.3",), Packing("subscription", "tgz", "tar")),
    Round("dovecot-u-v", "%u-%v", ("2.3",), Packing("client", "tzst", "dir")),
    Round("dovecot-v.u", "%v.%u", ("2.3",), Packing("server", "tar", "dir")),
    Round("dovecot-f", "%f", ("2.3",), Packing("subscription", "tzst", "dir")),
    Round("dovecot-g", "%g", ("2.3",), Packing("client", "tgz", "tar")),
    Round("courier", None, ("2.3", "2.4"), Packing("server", "tgz", "dir")),
)


class Checks:
    """Results by name: an empty list of differences is a pass."""

    def __init__(self):
        self.results = []

    def add(self, name, differences):
        """One check."""
        self.results.append({"check": name, "differences": [str(each) for each in differences]})

    def equal(self, name, expected, found):
        """A check of one value."""
        self.add(name, [] if expected == found else [f"expected {expected}, found {found}"])


def bodies(messages):
    """Digests of the bodies of messages, counted."""
    return Counter(clients_module.body_digest(message) for message in messages)


def new_row(uidl_format, version, control):
    """One line of the table, filled in while the checks run."""
    return {"old": "Courier 5" if uidl_format is None else f"Dovecot `{uidl_format}`", "new": f"Dovecot {version}",
            "clients": {name: {"new": 0, "again": 0, "expected": 0} for name in POP3_CLIENTS + IMAP_CLIENTS},
            "control": control, "uidl": [0, 0], "uid": [0, 0]}


def run(what):
    """Run one round; returns the checks and the table's lines."""
    checks, rows = Checks(), []
    with work_directory() as work, reserve_ports() as ports:
        clients = clients_module.for_mailboxes(work / "clients", MAILBOXES, ports)
        # getmail refuses a mailbox that names two messages alike, as %g does with a copy.
        old_side = live(what.uidl_format, work, ports, clients, copies=what.uidl_format != "%g")
        for client in clients:
            downloaded, error = old_side.downloads[client.directory.name]
            expected = 0 if client.mailbox.local == "empty" else 1
            checks.add(f"{client.directory.name} fetches from the old server",
                       [error] if error else [] if downloaded.total() >= expected else ["nothing was downloaded"])
        backup = pack(old_side.mailroot, old_side.kind, what.packing, work / what.packing.name())
        archive, report = convert(backup, work / "out", old_side.option)
        checks.add("verify: the archive holds all that the backup does",
                   verified(verify(backup, archive, old_side.option, work), set()))
        control = _control(what, work, ports, clients, old_side, checks)
        for version in what.new_versions:
            row = new_row(what.uidl_format, version, control)
            place = environment.trixie_directory() if version == "2.4" else contextlib.nullcontext(work / "new-2.3")
            with place as directory:
                # Unpacked twice: the first is for looking, and clients leave their marks (\\Seen) on the second.
                home = unpack(archive, directory / "account")
                checks.add(f"{version}: every message byte for byte, with its time",
                           digests.compare(digests.of_plesk(old_side.mailroot), digests.of_cpanel(home)))
                with CpanelDovecot(directory / "server", ports, home, version) as server:
                    for mailbox in MAILBOXES:
                        compare_mailbox(version, old_side.truth[mailbox.address], ports, mailbox, report, checks, row)
                    checks.add(f"{version}: the new server has nothing to complain about", server.complaints())
                home = unpack(archive, directory / "account2")
                with CpanelDovecot(directory / "server2", ports, home, version):
                    clients_return(version, work, ports, clients, old_side.late, checks, row)
                    compare_in_use(version, ports, lambda home=home: verify(backup, home, old_side.option, work),
                                   home, checks)
            rows.append(row)
    return {"checks": checks.results, "rows": rows}


def clients_return(version, work, ports, clients, late, checks, row):
    """The same clients, with their memory, at the converted mailboxes."""
    returning = [client.copy(work / f"clients-{version}" / client.directory.name) for client in clients]
    results = clients_module.run_all(returning)
    for client in returning:
        downloaded, error = results[client.directory.name]
        expected = bodies(late[client.mailbox.address])
        cell = row["clients"][client.name]
        cell["new"] += (downloaded & expected).total()
        cell["again"] += (downloaded - expected).total()
        cell["expected"] += expected.total()
        checks.add(f"{version}: {client.directory.name} downloads what nobody had fetched, once",
                   [error] if error else [] if downloaded == expected else
                   [f"{downloaded.total()} downloads instead of {expected.total()}"])
    _next_message(version, ports, [client for client in returning if client.mailbox == ALICE], checks)


def verified(found, changes):
    """What `verify` calls different, and changes that it should have seen and did not."""
    differences = [f"{name}: {item['object']}: {item['text']}"
                   for name, group in found["differences"].items() for item in group["first"]]
    return differences + [f"no {name} was seen" for name in sorted(changes - set(found["changes"]))]


def compare_in_use(version, ports, verify_home, home, checks):
    """The home that was served and read, against the backup: what clients did is no difference, a loss is one."""
    # Mail after the move, mail that clients fetched and marked, and folders that the server makes.
    checks.add(f"{version}: verify: the home in use holds all that the backup does",
               verified(verify_home(), {"arrived", "flags", "shown", "folder"}))
    with Imap(ports[1], ALICE.address, ALICE.password) as imap:
        imap.select("INBOX")
        uids = imap.uids()
        imap.expunge(uids[:1])
        imap.move(uids[1:2], "Work")
        imap.store(uids[2:3], "SomeKeyword")
    with Pop3(ports[0], SALES.address, SALES.password) as pop3:
        pop3.delete(1)
    found = verify_home()
    checks.add(f"{version}: verify: what owners deleted is no difference",
               verified(found, {"expunged", "keywords"}))
    checks.equal(f"{version}: verify: so many were deleted", 3, found["changes"].get("expunged", {}).get("count"))
    lost = sorted((home / "mail" / TEAM.domain / TEAM.local / "cur").iterdir())[0]
    lost.unlink()
    found = verify_home()
    checks.equal(f"{version}: verify: a message that nobody deleted is missed, and nothing else",
                 {"message-missing": 1}, {name: group["count"] for name, group in found["differences"].items()})


def compare_mailbox(version, known, ports, mailbox, report, checks, row):
    """What the new server says of one mailbox, against the truth."""
    where = f"{version}: {mailbox.address}"
    try:
        pop3 = state.dump_pop3(ports[0], mailbox.address, mailbox.password)
        imap = state.dump_imap(ports[1], mailbox.address, mailbox.password)
    except PROTOCOL_ERRORS as error:
        checks.add(f"{where}: can be opened", [f"{type(error).__name__}: {error}"])
        return
    if mailbox == UNREAD:
        checks.equal(f"{where}: all three messages are there", 3, len(pop3))
    if known["pop3"] is not None:
        checks.add(f"{where}: POP3 as before", state.compare_pop3(known["pop3"], pop3))
        served = {entry["uidl"]: entry["digest"] for entry in pop3}
        row["uidl"][0] += sum(served.get(entry["uidl"]) == entry["digest"] for entry in known["pop3"])
        row["uidl"][1] += len(known["pop3"])
    if known["imap"] is not None:
        lost, differences = lost_keywords(known["imap"], imap, report)
        checks.add(f"{where}: no keyword is lost but those without a letter, and these are reported", differences)
        checks.add(f"{where}: IMAP as before", state.compare_imap(known["imap"], imap, lost))
        for name, folder in known["imap"]["folders"].items():
            after = imap["folders"].get(name, {"uidvalidity": None, "messages": []})
            served = {entry["uid"]: entry["digest"] for entry in after["messages"]}
            same = after["uidvalidity"] == folder["uidvalidity"]
            row["uid"][0] += sum(same and served.get(entry["uid"]) == entry["digest"] for entry in folder["messages"])
            row["uid"][1] += len(folder["messages"])


def lost_keywords(before, after, report):
    """A folder has letters for 26 keywords: the ones beyond must be the only loss, and be reported.

    Returns the lost ones, and what is wrong with that.
    """
    def keywords(record):
        folder = record["folders"].get(LABELS, {"messages": []})
        return {flag for message in folder["messages"] for flag in message["flags"]} & set(KEYWORDS)
    lost = keywords(before) - keywords(after)
    expected = max(0, len(keywords(before)) - LETTERS)
    differences = [] if len(lost) == expected else [f"expected {expected}, found {len(lost)}: {sorted(lost)}"]
    findings = report["findings"] + [finding for account in report["accounts"] for finding in account["findings"]]
    told = [finding for finding in findings if finding["code"] in ("keywords-full", "keywords-dropped")
            and LABELS in f"{finding['object']} {finding['text']}"]
    if lost and not told:
        differences.append("the report says nothing of them")
    return frozenset(lost), differences


def _next_message(version, ports, clients, checks):
    """Mail after the move is new to every client: no UID and no UIDL is given out a second time."""
    message = corpus.load()[26]
    with Imap(ports[1], ALICE.address, ALICE.password) as imap:
        imap.append("INBOX", message, "()", "01-Jan-2025 00:00:00 +0000")
    results = clients_module.run_all(clients)
    for client in clients:
        downloaded, error = results[client.directory.name]
        checks.add(f"{version}: {client.directory.name} fetches the first mail after the move",
                   [error] if error else [] if downloaded == bodies([message]) else
                   [f"{downloaded.total()} downloads instead of 1"])


def _control(what, work, ports, clients, old_side, checks):
    """The same maildirs, copied as they are: must go wrong where the formats differ, or the test proves nothing."""
    cells = {name: {"new": 0, "again": 0, "error": False} for name in POP3_CLIENTS + IMAP_CLIENTS}
    copied = work / "control-mail"
    truth.copy_maildirs(old_side.mailroot, copied)
    with CopiedDovecot(work / "control", ports, copied, USERS):
        tried = [client.copy(work / "clients-control" / client.directory.name) for client in clients
                 if client.mailbox in (ALICE, SALES, INFO)]
        results = clients_module.run_all(tried)
        for client in tried:
            known = old_side.truth[client.mailbox.address]
            downloaded, error = results[client.directory.name]
            expected = bodies(old_side.late[client.mailbox.address])
            cell = cells[client.name]
            cell["new"] += (downloaded & expected).total()
            cell["again"] += (downloaded - expected).total()
            cell["error"] |= error is not None
            name = f"control: {client.directory.name}"
            if client.name in POP3_CLIENTS and what.uidl_format != SAME_AS_CPANEL:
                checks.equal(f"{name} downloads everything again", len(known["pop3"]), downloaded.total())
            elif client.name in POP3_CLIENTS or old_side.kind == "dovecot":
                checks.equal(f"{name} downloads only what is new", expected, downloaded)
            else:
                checks.add(f"{name} can't go on", [] if error or downloaded != expected else ["it could"])
        for mailbox in (ALICE, SALES, INFO):
            differs = bool(state.compare_pop3(old_side.truth[mailbox.address]["pop3"],
                                              state.dump_pop3(ports[0], mailbox.address, mailbox.password)))
            checks.equal(f"control: {mailbox.address}: the UIDLs are others than before",
                         what.uidl_format != SAME_AS_CPANEL, differs)
    return cells
