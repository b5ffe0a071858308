"""Records listings of UIDLs, taken from real servers over the maildirs of recorded fixtures, and
checks that a real Dovecot serves exactly them after a conversion that takes them as the truth.

They are taken by the commands that `plesk2cpanel uidl --how` prints, with other paths, host
and port in them, so that what it prints is known to work.
"""
import json
import os
import shutil
import subprocess

from . import courier, dovecot
from .conversion import convert, unpack
from .courier import LIBRARIES
from .environment import COURIER, HOST, LISTINGS, RECORDED, chown_mail, program, reserve_ports, work_directory
from .mailboxes import ALICE, DOMAIN, SALES, USERS
from .sessions import Pop3

# Name of the listings: the fixture whose maildirs are served, and what Dovecot's POP3 is set to, its UIDL format
# first; none for Courier.
SERVERS = {
    "dovecot-default": ("dovecot-default", ["%08Xu%08Xv"]),
    "saved": ("dovecot-u-v", ["%u-%v", "pop3_save_uidl = yes"]),
    "courier": ("courier", None),
    "reused": ("dovecot-default", ["%08Xv%08Xu", "pop3_reuse_xuidl = yes"]),
    "hashed": ("dovecot-default", ["%Mu-%Mv"]),
}
# Of these the listing that root takes is enough: they are there for their rules.
ROOT_ALONE = ("reused", "hashed")
CHOSEN = (f"{ALICE.address}.txt", f"{SALES.address}.txt")
POP3D = COURIER / "usr/lib/courier/courier/courierpop3d"


def record():
    """Record all listings anew, in place of those that are there."""
    told = {}
    for name, (fixture, settings) in SERVERS.items():
        target = LISTINGS / name
        target.mkdir(parents=True, exist_ok=True)
        for old in target.iterdir():
            old.unlink()
        with work_directory() as work, reserve_ports() as ports:
            mailroot = unpack_mail(fixture, work)
            if settings is None:
                with courier.Courier(work / "server", ports, mailroot, USERS) as server:
                    by_courier(server, fixture, target)
            else:
                # Further settings stand in the lines behind the format.
                with dovecot.PleskDovecot(work / "server", ports, mailroot, USERS, "\n  ".join(settings)) as server:
                    by_dovecot(server, fixture, target)
        told[name] = {"backup": f"recorded/{fixture}/backup.tar", "settings": settings,
                      "server": "courier" if settings is None else "dovecot",
                      "version": courier.version() if settings is None else dovecot.version()}
    (LISTINGS / "servers.json").write_text(json.dumps(told, indent=1) + "\n")


def run():
    """The checks over all recorded listings."""
    checks = []
    for name, told in json.loads((LISTINGS / "servers.json").read_text()).items():
        with work_directory() as work, reserve_ports() as ports:
            truth = work / "truth"
            truth.mkdir()
            for chosen in CHOSEN:
                shutil.copy(LISTINGS / name / chosen, truth)
            backup = LISTINGS.parent / told["backup"]
            archive, _ = convert(backup, work / "out", "auto", "--uidl-truth", truth)
            home = unpack(archive, work / "account")
            with dovecot.CpanelDovecot(work / "server", ports, home) as server:
                for mailbox in (ALICE, SALES):
                    wanted = read_session(truth / f"{mailbox.address}.txt")
                    with Pop3(ports[0], mailbox.address, mailbox.password) as pop3:
                        served = pop3.listing()
                    differences = [f"{old} became {new}" for old, new in zip(wanted, served) if old != new]
                    if len(wanted) != len(served):
                        differences.append(f"{len(wanted)} messages became {len(served)}")
                    checks.append({"check": f"{name}: {mailbox.address} is served as it was listed",
                                   "differences": differences})
                checks.append({"check": f"{name}: the new server has nothing to complain about",
                               "differences": server.complaints()})
    return {"checks": checks, "rows": []}


def read_session(path):
    """(number, UIDL, size) of each message of a recorded session."""
    answers = path.read_bytes().decode("latin-1").replace("\r", "").split("\n.\n")
    uidls, sizes = ([line.split(" ", 1) for line in answer.splitlines() if not line.startswith("+")]
                    for answer in answers[:2])
    return [(int(number), uidl, int(size)) for (number, uidl), (_, size) in zip(uidls, sizes)]


def unpack_mail(fixture, work):
    """The mail of a recorded backup's main domain, as it lay on the server."""
    outer, mailroot = work / "backup", work / "mail"
    outer.mkdir()
    (mailroot / DOMAIN).mkdir(parents=True)
    subprocess.run(["tar", "xf", RECORDED / fixture / "backup.tar", "-C", outer], check=True)
    inner, = (path for path in outer.rglob("backup_domainmail*") if path.is_file() and "sites" not in path.parts)
    subprocess.run(["tar", "xf", inner, "-C", mailroot / DOMAIN], check=True)
    chown_mail(mailroot)
    return mailroot


def by_dovecot(server, fixture, target):
    """What root and a client take from Dovecot."""
    commands = printed(fixture, {"/etc/dovecot/dovecot.conf": str(server.configuration),
                                 "/var/qmail/mailnames": str(server.mailroot),
                                 "doveadm -f": f"doveadm -c {server.configuration} -f"})
    conf, = (line for line in commands.splitlines() if line.startswith("conf="))
    take(conf + "\n" + part(commands, "Dovecot: the listings of all"), target, server.environment())
    if target.name in ROOT_ALONE:
        return
    by_curl(server, commands, target)
    fetch = part(commands, "Dovecot: the same where it stores")
    for name, form in (("doveadm.txt", ""), ("doveadm-flow.txt", "-f flow "), ("doveadm-tab.txt", "-f tab ")):
        done = shell(fetch.replace("-f tab ", form), server.environment())
        (target / name).write_bytes(done.stdout)


def by_courier(server, fixture, target):
    """What root and a client take from Courier."""
    commands = printed(fixture, {"/usr/lib/courier/courier/courierpop3d": str(POP3D),
                                 "/var/qmail/mailnames": str(server.mailroot)})
    take(part(commands, "Courier: its POP3 program") + "\n" + part(commands, "Courier: the listings of all"),
         target, {"PATH": os.environ["PATH"], "LD_LIBRARY_PATH": LIBRARIES})
    by_curl(server, commands, target)


def by_curl(server, commands, target):
    """The commands for a client, with the password in them; and what curl shows of the first."""
    text = part(commands, "Any server, from anywhere")
    for old, new in ((f"--user {ALICE.address}", f"--user '{ALICE.address}:{ALICE.password}'"),
                     ("pop3s://HOST/", f"pop3://{HOST}:{server.pop3_port}/"),
                     (f"listings/{ALICE.address}.txt", f"{target}/curl.txt")):
        text = text.replace(old, new)
    shell(text, os.environ)
    first = next(line for line in text.splitlines() if line.startswith("curl"))
    done = shell(first.replace("-sS", "-sSv").split(" > ")[0] + " 2>&1", os.environ)
    (target / "curl-verbose.txt").write_bytes(done.stdout)


def take(script, target, environment):
    """Run printed commands; of what they write into `listings`, two mailboxes become fixtures."""
    with work_directory() as work:
        (work / "listings").mkdir()
        shell(f"cd {work}\n{script}", environment)
        for name in CHOSEN:
            (target / name).write_bytes((work / "listings" / name).read_bytes())


def shell(script, environment):
    """Run commands as a person would paste them; a failure ends the recording."""
    done = subprocess.run(["bash", "-euc", script], env=dict(environment), capture_output=True, check=False)
    if done.returncode != 0:
        raise dovecot.ServerError(f"{script}\n{done.stderr.decode(errors='replace')}")
    return done


def printed(fixture, words):
    """What `uidl --how` prints for Alice, with other words in it."""
    done = subprocess.run([program("plesk2cpanel", "PLESK2CPANEL"), "uidl", "--how",
                           RECORDED / fixture / "backup.tar", ALICE.address],
                          capture_output=True, check=True, text=True)
    text = done.stdout
    for old, new in words.items():
        text = text.replace(old, new)
    return text


def part(commands, beginning):
    """The paragraph whose comment begins so."""
    found, = (each for each in commands.split("\n\n") if each.startswith(f"# {beginning}"))
    return found
