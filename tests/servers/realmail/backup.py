"""The old server's mail as a Plesk backup, packed by this workspace's plesk-pack."""
import base64
import hashlib
import json
import subprocess
from dataclasses import dataclass

from .environment import program
from .mailboxes import ADDON, ADDON_DISPLAY, DOMAIN, MAILBOXES

# Stands for /etc/psa/private/secret_key, with which Plesk encrypts mail passwords.
SECRET_KEY = b"0123456789abcdef"


@dataclass(frozen=True)
class Packing:
    """How Plesk was asked to back up, and how the result was kept."""

    level: str        # server, client, subscription
    compression: str  # of the inner archives: tar, tgz, tzst
    outer: str        # tar: exported as one file; dir: the tree in the repository

    def name(self):
        """A file name for it."""
        return "backup_2411230100.tar" if self.outer == "tar" else "dumps"


def password(mailbox):
    """A password as Plesk writes it: plain, hashed, or AES-128-CBC under the server's secret key."""
    if mailbox.kept_as == "plain":
        return {"type": "plain", "text": mailbox.password}
    if mailbox.kept_as == "hash":
        done = subprocess.run(["openssl", "passwd", "-5", "-salt", "fixedsalt", "-stdin"],
                              input=mailbox.password, capture_output=True, text=True, check=True)
        return {"type": "encrypted", "text": done.stdout.strip()}
    initial = hashlib.sha256(mailbox.address.encode()).digest()[:16]
    clear = mailbox.password.encode()
    clear += b"\0" * (-len(clear) % 16)
    done = subprocess.run(["openssl", "enc", "-aes-128-cbc", "-nopad", "-K", SECRET_KEY.hex(), "-iv", initial.hex()],
                          input=clear, capture_output=True, check=True)
    return {"type": "sym", "text": f"$AES-128-CBC${base64.b64encode(initial).decode()}"
                                   f"${base64.b64encode(done.stdout).decode()}"}


def pack(mailroot, kind, packing, target, chosen=MAILBOXES):
    """Pack the subscription whose mail lies in `mailroot`; `target` ends in .tar or is a directory."""
    return run_pack(describe(mailroot, kind, packing, chosen), target)


def describe(mailroot, kind, packing, chosen=MAILBOXES):
    """What plesk-pack is told of the subscription whose mail lies in `mailroot`."""
    def mailboxes(domain):
        return [{"name": mailbox.local, "password": password(mailbox), "quota": -1,
                 "maildir": str(mailroot / mailbox.domain / mailbox.local)}
                for mailbox in chosen if mailbox.domain == domain]
    return {
        "level": packing.level, "compression": packing.compression, "stamp": "2411230100",
        "components": ["dovecot" if kind == "dovecot" else "courier-imap", "postfix"],
        "subscriptions": [{
            "name": DOMAIN, "system_user": "exampleuser", "catch_all": "reject",
            "owner": "john" if packing.level == "client" else "admin",
            "mailboxes": mailboxes(DOMAIN),
            "sites": [{"name": ADDON_DISPLAY, "mailboxes": mailboxes(ADDON)}]}]}


def pack_chain(snapshots, stamps, kind, packing, target):
    """Pack mail roots of several moments as a full dump and its increments."""
    specs = [describe(mailroot, kind, packing)
             | {"stamp": stamp, "base_stamp": stamps[0] if stamp != stamps[0] else None}
             for mailroot, stamp in zip(snapshots, stamps)]
    return run_pack(specs, target)


def run_pack(spec, target, *options):
    """Pack `spec`, or a list of them, as the options of plesk-pack say; returns `target`."""
    done = subprocess.run([program("plesk-pack", "PLESK_PACK"), *options, "-", target], input=json.dumps(spec),
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"plesk-pack: {done.stderr}")
    return target
