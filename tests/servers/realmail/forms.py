"""One set of real mailboxes in every form in which people have a Plesk backup."""
import gzip
import io
import shutil
import tarfile

from . import scenario, truth
from .backup import Packing, describe, run_pack
from .environment import work_directory, reserve_ports
from .mailboxes import DOMAIN, INFO, SALES, TEAM
from .oldside import make_server

FORMAT = "%08Xu%08Xv"
# Alice's mail is the largest by far, and a form does not care what is in a message.
CHOSEN = (SALES, TEAM, INFO)
FULL, INCREMENT = "2411220100", "2411230100"


def record(target):
    """Run the scenario once, and pack what it left in every form."""
    with work_directory() as work, reserve_ports() as ports:
        mailroot, earlier = _live(work, ports)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        _pack(mailroot, earlier, target)
        (target / "README.md").write_text(README)


def _live(work, ports):
    """The scenario, and the maildirs as they were before the last mail came."""
    mailroot, earlier = work / "old-mail", work / "earlier"
    mailroot.mkdir()
    with make_server(FORMAT, work / "old", ports, mailroot) as server:
        scenario.populate(server)
        truth.seen(server)
        truth.copy_maildirs(mailroot, earlier)
        scenario.late(server)
    return mailroot, earlier


def _spec(mailroot, **changes):
    """A subscription with some settings that every version of Plesk knows."""
    spec = describe(mailroot, "dovecot", Packing("subscription", "tzst", "tar"), CHOSEN)
    subscription = spec["subscriptions"][0]
    sales = subscription["mailboxes"][0]
    sales |= {"aliases": ["orders"], "quota": 50 << 20}
    subscription["mailboxes"].append({"name": "office", "mailbox": False, "forwarding_enabled": True,
                                      "forwards": [f"sales@{DOMAIN}", "office@elsewhere.example"]})
    return spec | changes


def _pack(mailroot, earlier, target):
    def pack(name, *options, **changes):
        run_pack(_spec(mailroot, **changes), target / name, *options)

    pack("subscription.tar")
    pack("server.tar", level="server")
    pack("client.tar", level="client")
    pack("repository", level="server")
    pack("wrapped.tar", wrap="backup of november", prefix="nightly")
    pack("uncompressed.tar", compression="tar")
    pack("gzip-inside.tar", compression="tgz")
    pack("one-archive-a-mailbox.tar", mail_layout="mailbox")
    pack("volumes.tar", volume_size=6000)
    pack("compressed.tar.gz")
    pack("compressed.tar.zst")
    pack("parts.tar", "--split", "30000")
    pack("plesk9.tar", generation="plesk9", level="server", prefix="converted", compression="tgz",
         mail_layout="mailbox", plesk_version="9.5.4")
    pack("linux.zip")
    pack("zips.zip", compression="zip")
    _sign(target / "subscription.tar", target / "signed.tar")
    pack("plesk8", "--form", "plesk8")
    (target / "plesk8.gz").write_bytes(gzip.compress((target / "plesk8").read_bytes(), mtime=0))
    pack("plesk7", "--form", "plesk7")
    pack("windows.zip", "--form", "windows")
    pack("windows8.zip", "--form", "windows8")
    full = _spec(earlier, stamp=FULL)
    increment = _spec(mailroot, stamp=INCREMENT, base_stamp=FULL)
    run_pack([full, increment], target / "increments.tar")


def _sign(plain, signed):
    """The same export with its metadata in the envelope that a signature puts around them."""
    with tarfile.open(plain) as source, tarfile.open(signed, "w", format=tarfile.GNU_FORMAT) as out:
        for member in source:
            content = source.extractfile(member).read() if member.isfile() else b""
            if member.name.endswith(".xml"):
                head, body = content.split(b"?>", 1)
                content = (head + b"?><signed><Data>" + body
                           + b"</Data><Signature>c3ludGhldGlj</Signature></signed>")
            member.size = len(content)
            out.addfile(member, io.BytesIO(content))


README = """# One set of mailboxes in every form

`tests/servers/record forms` makes all of it: mail that a real Dovecot 2.3 kept and its clients used
(`sales`, `team`, `info@bücher.example` of `../recorded`), packed by `plesk-pack` in every form in which people have
Plesk backups. The packing is ours, no Plesk wrote it. `crates/plesk2cpanel/tests/it/forms.rs` converts each of them,
compares the accounts member by member with that of `subscription.tar`, and lists what may differ.
"""
