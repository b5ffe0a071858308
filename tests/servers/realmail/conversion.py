"""Runs plesk2cpanel, and unpacks its archive with GNU tar as a restore would."""
import json
import subprocess
from pathlib import Path

from .backup import SECRET_KEY
from .environment import chown_mail, program


class ConversionFailed(Exception):
    """plesk2cpanel ended with a status that stands for failure, or left something out."""


def convert(backup, output, old_server, *more, environment=None, umask=-1):
    """Convert; returns the archive and the report. Status 3 (a person should look) is a success."""
    key = secret_key(Path(output).parent)
    done = subprocess.run([program("plesk2cpanel", "PLESK2CPANEL"), "convert", backup, "--output", output,
                           "--old-server", old_server, "--secret-key", key, *more],
                          capture_output=True, check=False, env=environment, umask=umask)
    if done.returncode not in (0, 3):
        raise ConversionFailed(f"exit {done.returncode}: {done.stderr.decode(errors='replace')}")
    archives = sorted(Path(output).glob("cpmove-*.tar.gz"))
    if len(archives) != 1:
        raise ConversionFailed(f"{len(archives)} archives instead of one in {output}")
    return archives[0], json.loads((Path(output) / "report.json").read_text())


def secret_key(directory):
    """The old server's key as a file."""
    key = directory / "secret_key"
    key.write_bytes(SECRET_KEY)
    return key


def verify(backup, archive, old_server, work):
    """What `plesk2cpanel verify` finds of an archive or a home; its verdict and its status must agree."""
    done = subprocess.run([program("plesk2cpanel", "PLESK2CPANEL"), "verify", backup, archive,
                           "--old-server", old_server, "--secret-key", secret_key(work), "--json"],
                          capture_output=True, check=False)
    try:
        found = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise ConversionFailed(f"exit {done.returncode}: {done.stderr.decode(errors='replace')}") from error
    if done.returncode != (0 if found["same"] else 1):
        raise ConversionFailed(f"verify says {found['same']} and ends with {done.returncode}")
    return found


def unpack(archive, target):
    """The account's home directory, unpacked; its mail belongs to the mail user."""
    target.mkdir(parents=True)
    target.chmod(0o755)
    subprocess.run(["tar", "-xzf", archive, "-C", target, "--no-same-owner"], check=True)
    tops = list(target.iterdir())
    if len(tops) != 1:
        raise ConversionFailed(f"the archive has {len(tops)} top directories")
    home = tops[0] / "homedir"
    # What the restore does: the mail user must be able to walk down to the mailboxes.
    for directory in (tops[0], home, home / "mail"):
        directory.chmod(0o755)
    chown_mail(home / "mail")
    return home


def rescue(backup, home, old_server, work, *more):
    """Run `plesk2cpanel rescue`; returns its status (0, or 3 when a person should look) and its report."""
    done = subprocess.run([program("plesk2cpanel", "PLESK2CPANEL"), "rescue", backup, home,
                           "--old-server", old_server, "--json", *more],
                          capture_output=True, check=False, cwd=work)
    if done.returncode not in (0, 3):
        raise ConversionFailed(f"rescue: exit {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.returncode, json.loads(done.stdout)


def sync(backup, since, old_server, work, *more):
    """Run `plesk2cpanel sync`; returns its status (0, or 3 when a person should look)."""
    done = subprocess.run([program("plesk2cpanel", "PLESK2CPANEL"), "sync", backup, "--since", since,
                           "--old-server", old_server, *more], capture_output=True, check=False, cwd=work)
    if done.returncode not in (0, 3):
        raise ConversionFailed(f"sync: exit {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.returncode
