"""The recorded fixtures, converted now and served by a real Dovecot, answer as recorded."""
import json
import shutil
from collections import Counter

from . import digests, state
from .conversion import convert, unpack
from .dovecot import CpanelDovecot
from .environment import RECORDED, reserve_ports, work_directory
from .mailboxes import MAILBOXES
from .rounds import lost_keywords


def run():
    """The checks over every fixture."""
    checks = []
    fixtures = sorted(path.parent for path in RECORDED.glob("*/truth.json"))
    checks.append({"check": "there are recorded fixtures", "differences": [] if fixtures else [str(RECORDED)]})
    for fixture in fixtures:
        with work_directory() as work, reserve_ports() as ports:
            checks += _one(fixture, work, ports)
    return {"checks": checks, "rows": []}


def _one(fixture, work, ports):
    checks = []
    truth = json.loads((fixture / "truth.json").read_text())

    def add(name, differences):
        checks.append({"check": f"{fixture.name}: {name}", "differences": differences})
    archive, report = convert(fixture / "backup.tar", work / "out", truth["server"]["option"])
    home = unpack(archive, work / "account")
    for address, folders in truth.get("left", {}).items():
        local, _, domain = address.partition("@")
        for folder in folders:
            shutil.rmtree(home / "mail" / domain / local / f".{folder}")
    recorded = {address: Counter({(sha, second): count for sha, second, count in entry["files"]})
                for address, entry in truth["mailboxes"].items()}
    add("every message byte for byte, with its time", digests.compare(recorded, digests.of_cpanel(home)))
    with CpanelDovecot(work / "server", ports, home) as server:
        for mailbox in MAILBOXES:
            known = truth["mailboxes"][mailbox.address]
            if known["pop3"] is not None:
                pop3 = state.dump_pop3(ports[0], mailbox.address, mailbox.password)
                add(f"{mailbox.address}: POP3 as recorded", state.compare_pop3(known["pop3"], pop3))
            if known["imap"] is not None:
                imap = state.dump_imap(ports[1], mailbox.address, mailbox.password)
                lost, differences = lost_keywords(known["imap"], imap, report)
                add(f"{mailbox.address}: no keyword is lost but those without a letter, and these are reported",
                    differences)
                add(f"{mailbox.address}: IMAP as recorded", state.compare_imap(known["imap"], imap, lost))
        add("the new server has nothing to complain about", server.complaints())
    return checks
