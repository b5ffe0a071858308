"""Other programs read the archive whole, and the same input gives the same bytes."""
import gzip
import hashlib
import os
import subprocess
import tarfile

from .backup import Packing, pack
from .conversion import convert
from .environment import reserve_ports, work_directory
from .oldside import live

PERL = ("use IO::Uncompress::Gunzip qw(gunzip $GunzipError); use Digest::SHA; my $d = Digest::SHA->new(256);"
        "my $z = IO::Uncompress::Gunzip->new($ARGV[0], Strict => 1) or die $GunzipError; my $b;"
        "while ((my $n = $z->read($b, 1 << 16)) > 0) { $d->add($b) } die $GunzipError if $z->error();"
        "die 'more after the end' if length $z->trailingData; print $d->hexdigest")


def run():
    """The checks."""
    checks = []

    def add(name, differences):
        checks.append({"check": name, "differences": differences})
    with work_directory() as work, reserve_ports() as ports:
        old = live("%08Xu%08Xv", work, ports)
        backup = pack(old.mailroot, old.kind, Packing("server", "tzst", "tar"), work / "backup.tar")
        archive, _ = convert(backup, work / "one", old.option, "--jobs", "1")
        changed = dict(os.environ, LC_ALL="tr_TR.UTF-8", LANG="tr_TR.UTF-8", TZ="Pacific/Auckland")
        again, _ = convert(backup, work / "eight", old.option, "--jobs", "8", environment=changed, umask=0o077)
        same = archive.read_bytes() == again.read_bytes()
        add("one thread and eight, under another locale, time zone and umask: the same bytes",
            [] if same else ["the archives differ"])
        plain = hashlib.sha256(gzip.decompress(archive.read_bytes())).hexdigest()
        for name, command in (("gzip -t", ["gzip", "-t", archive]), ("GNU tar", ["tar", "-tzf", archive])):
            done = subprocess.run(command, capture_output=True, check=False, text=True)
            add(f"{name} reads the archive", [done.stderr] if done.returncode or done.stderr else [])
            if name == "GNU tar":
                listed = [name.rstrip("/") for name in done.stdout.splitlines()]
        done = subprocess.run(["perl", "-e", PERL, archive], capture_output=True, check=False, text=True)
        add("Perl's IO::Uncompress::Gunzip reads the archive",
            [] if (done.returncode, done.stdout) == (0, plain) else [done.stderr or "it reads other bytes"])
        with tarfile.open(archive) as members:
            names = []
            for member in members:
                names.append(member.name)
                if member.isfile():
                    content = members.extractfile(member)
                    while content.read(1 << 20):
                        pass
        add("Python's tarfile reads the same members as GNU tar",
            [] if names == listed and len(names) > 100 else [f"{len(names)} members, GNU tar lists {len(listed)}"])
    return {"checks": checks, "rows": []}
