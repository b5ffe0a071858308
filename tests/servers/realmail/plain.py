"""A move by hand: the old maildirs, copied into a cPanel home as they are, and mail that arrives there."""
import os
import shutil
import time

from .environment import MAIL_GID, MAIL_UID, chown_mail
from .mailboxes import MAILBOXES


def maildir_of(home, mailbox):
    """Where cPanel keeps a mailbox."""
    return home / "mail" / mailbox.domain / mailbox.local


def copy_into_home(mailroot, home, mailboxes=MAILBOXES):
    """What people do with rsync: times, index files and everything else come along."""
    for mailbox in mailboxes:
        shutil.copytree(mailroot / mailbox.domain / mailbox.local / "Maildir", maildir_of(home, mailbox),
                        symlinks=True)
    write_passwords(home, mailboxes)
    for directory in (home, home / "mail"):
        directory.chmod(0o755)
    chown_mail(home / "mail")
    return home


def write_passwords(home, mailboxes):
    """cPanel's password files, with passwords as they are."""
    for mailbox in mailboxes:
        shadow = home / "etc" / mailbox.domain / "shadow"
        shadow.parent.mkdir(parents=True, exist_ok=True)
        with shadow.open("a", encoding="utf-8") as passwords:
            passwords.write(f"{mailbox.local}:{{PLAIN}}{mailbox.password}::::::\n")


def put_into_new(maildir, message, serial):
    """A delivery by a program that knows nothing of Dovecot: one file in new/, and no list tells of it."""
    seconds, fraction = divmod(time.time_ns(), 10**9)
    name = f"{seconds}.M{fraction // 1000}P{serial}.cpanel.example.net"
    path = maildir / "tmp" / name
    path.write_bytes(message.replace(b"\r\n", b"\n"))
    os.chown(path, MAIL_UID, MAIL_GID)
    path.rename(maildir / "new" / name)


def lists(home):
    """Every `dovecot-uidlist` of a home, read: path -> (UIDVALIDITY, {uid: name without flags})."""
    found = {}
    for path in sorted((home / "mail").rglob("dovecot-uidlist")):
        head, *rows = path.read_text(errors="surrogateescape").splitlines()
        entries = {int(row.split(" ", 1)[0]): row.partition(":")[2] for row in rows}
        found[str(path.relative_to(home))] = (next(word for word in head.split() if word[0] == "V"), entries)
    return found
