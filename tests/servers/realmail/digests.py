"""Every message byte for byte: what lies in the maildirs before and after."""
import hashlib
import os
from collections import Counter
from pathlib import Path

from .mailboxes import MAILBOXES


def of_maildir(top):
    """How often each (SHA-256, modification second) lies in any cur/ or new/ below `top`."""
    found = Counter()
    for directory, _, files in os.walk(top):
        if os.path.basename(directory) in ("cur", "new"):
            for name in files:
                path = Path(directory, name)
                found[hashlib.sha256(path.read_bytes()).hexdigest(), int(path.stat().st_mtime)] += 1
    return found


def of_plesk(mailroot):
    """Of each mailbox in Plesk's layout."""
    return {mailbox.address: of_maildir(mailroot / mailbox.domain / mailbox.local / "Maildir")
            for mailbox in MAILBOXES}


def of_cpanel(home):
    """Of each mailbox in cPanel's layout."""
    return {mailbox.address: of_maildir(home / "mail" / mailbox.domain / mailbox.local) for mailbox in MAILBOXES}


def compare(before, after):
    """Sentences about every message that was lost, added or touched."""
    differences = []
    for address, messages in before.items():
        for (sha, second), count in (messages - after[address]).items():
            differences.append(f"{address}: {count} x {sha[:12]} of second {second} is lost")
        for (sha, second), count in (after[address] - messages).items():
            differences.append(f"{address}: {count} x {sha[:12]} of second {second} was not there before")
    return differences


def of_tree(top):
    """SHA-256 and modification time of every file below `top`, by its path."""
    found = {}
    for directory, _, files in os.walk(top):
        for name in files:
            path = Path(directory, name)
            found[str(path.relative_to(top))] = (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
    return found


def changed(before, after):
    """Sentences about every file that came, went or became another."""
    return [f"{path}: {'came' if path not in before else 'went' if path not in after else 'changed'}"
            for path in sorted(before.keys() | after.keys()) if before.get(path) != after.get(path)]
