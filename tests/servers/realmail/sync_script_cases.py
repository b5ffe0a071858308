"""Mailboxes for which `doveadm sync` alone would end badly, each from the old server to the new one."""
import os

from .mailboxes import DOMAIN, Mailbox

VALIDITY = 1700000000
PASSWORD = "Script-4711"


class Folder:
    """A folder of the old server: messages by number, with UID and flags; its next UID."""

    def __init__(self, validity, numbers=()):
        self.validity, self.messages, self.next = validity, {}, 1
        self.copies, self.unlisted = {}, set()
        self.add(*numbers)

    def add(self, *numbers, flags="S"):
        """Mail arrives."""
        for number in numbers:
            self.messages[number] = (self.next, flags)
            self.next += 1

    def drop(self, *numbers):
        """Mail is deleted, or taken and deleted."""
        for number in numbers:
            del self.messages[number]

    def flag(self, number, flags):
        """Other flags."""
        self.messages[number] = (self.messages[number][0], flags)

    def write(self, directory):
        """The folder as Dovecot keeps it."""
        for inner in ("cur", "new", "tmp"):
            (directory / inner).mkdir(parents=True)
        guid = f"{self.validity:032x}"
        lines = [f"3 V{self.validity} N{self.next} G{guid}"]
        for number, (uid, flags) in self.messages.items():
            text = text_of(f"m{number}")
            name = _base(number)
            if number in self.unlisted:
                path = directory / "new" / name
            else:
                path = directory / "cur" / f"{name}:2,{flags}"
                first = f"G{_base(self.copies[number])} " if number in self.copies else ""
                lines.append(f"{uid} {first}:{name}")
            path.write_bytes(text)
            os.utime(path, (VALIDITY + number, VALIDITY + number))
        (directory / "dovecot-uidlist").write_text("\n".join(lines) + "\n")


def text_of(subject):
    """A message."""
    return f"From: a@example.org\nTo: b@example.com\nSubject: {subject}\n\nbody of {subject}\n".encode()


def _base(number):
    return f"{VALIDITY + number}.M{number}P1.plesk,S={len(text_of(f'm{number}'))}"


class Case:
    """One mailbox, from the old server to the new one."""

    local = ""

    def __init__(self):
        self.mailbox = Mailbox(self.local, DOMAIN, PASSWORD, ())
        self.folders = {"INBOX": Folder(VALIDITY)}
        self.subscribed = ["INBOX"]
        self.base()

    @property
    def inbox(self):
        """Its INBOX on the old server."""
        return self.folders["INBOX"]

    def write(self, root):
        """The mailbox on the old server's disk."""
        top = root / DOMAIN / self.local / "Maildir"
        for name, folder in self.folders.items():
            directory = top if name == "INBOX" else top / f".{name}"
            folder.write(directory)
            if name != "INBOX":
                (directory / "maildirfolder").touch()
        (top / "subscriptions").write_text("".join(f"{name}\n" for name in self.subscribed))

    def base(self):
        """What the first backup has."""
        self.inbox.add(1, 2, 3)

    def here(self, new):
        """What happens on the new server before the script runs."""

    def there(self):
        """What happens on the old server after the first backup."""

    def run(self, new):
        """The script; then what should be there."""


# Without a reserve.

class Taken(Case):
    """The old server gave a UID to mail that was taken and deleted: it is given to nothing else."""

    local = "taken"

    def there(self):
        self.inbox.add(4, 5)
        self.inbox.drop(5)

    def run(self, new):
        known = {"UID4-1700000000": "m4", "UID5-1700000000": "m5"}
        new.merges()
        new.has("m1", "m2", "m3", "m4")
        new.deliver("r1")
        found = new.uidls()
        new.equal("UIDLs mean one message", [], [uidl for uidl in found if known.get(uidl, found[uidl]) != found[uidl]])
        new.equal("UID of new mail", "r1", new.rows().get(6, ("",))[0])


class TakenOnly(Taken):
    """The same, and nothing else has changed."""

    local = "taken-only"

    def there(self):
        self.inbox.add(4, 5)
        self.inbox.drop(4, 5)

    def run(self, new):
        new.merges()
        new.equal("next UID", 6, new.next())


class Received(Case):
    """Both servers gave a UID."""

    local = "received"

    def there(self):
        self.inbox.add(4)

    def here(self, new):
        new.deliver("r1")

    def run(self, new):
        new.stops("use --merge-into")
        new.has("m1", "m2", "m3", "r1")


class ReceivedAndGone(Received):
    """The same, and the message is gone again: its UID was seen."""

    local = "received-gone"

    def here(self, new):
        new.deliver("r1")
        new.expunge("r1")

    def run(self, new):
        new.stops("use --merge-into")
        new.has("m1", "m2", "m3")


class ReceivedHereTakenThere(Received):
    """Both servers gave a UID, and on the old one its message is gone."""

    local = "received-taken"

    def there(self):
        self.inbox.add(4)
        self.inbox.drop(4)


# With a reserve.

class Forgotten(Case):
    """The owner deleted the newest messages here, and Dovecot's log has forgotten that."""

    local = "forgotten"

    def base(self):
        self.inbox.add(1, 2, 3, 4, 5)

    def here(self, new):
        new.deliver("r1")
        new.expunge("m4", "m5")
        new.forget()

    def there(self):
        self.inbox.add(6)

    def run(self, new):
        new.merges()
        new.has("m1", "m2", "m3", "m6", "r1")


class Newest(Case):
    """The newest message was deleted on the old server."""

    local = "newest"

    def here(self, new):
        new.deliver("r1")

    def there(self):
        self.inbox.drop(3)

    def run(self, new):
        new.merges()
        new.has("m1", "m2", "r1")


class Emptied(Case):
    """The newest messages that both had were deleted on the old server, and mail came after them."""

    local = "emptied"

    def here(self, new):
        new.deliver("r1")

    def there(self):
        self.inbox.drop(1, 2, 3)
        self.inbox.add(4)

    def run(self, new):
        new.merges()
        new.has("m4", "r1")
        new.equal("UID of mail that came in here", "r1", new.rows()[1004][0])


class During(Case):
    """A client deletes a message while doveadm runs; afterwards the owner goes on."""

    local = "during"

    def there(self):
        self.inbox.add(4)

    def run(self, new):
        deletes = new.wrapper("during", f'if [ "$1" = sync ] && [ ! -e "$once" ]; then touch "$once"; '
                                        f"real expunge -u {new.mailbox.address} mailbox INBOX uid 2; fi")
        said = new.merges(doveadm=deletes)
        new.equal("it is noted", True, "a message has gone meanwhile from INBOX" in said)
        new.has("m1", "m3", "m4")
        new.expunge("m4")
        new.doveadm("copy", "-u", new.mailbox.address, "INBOX", "mailbox", "INBOX", "uid", "3")
        new.equal("run again", "done before", new.merges().strip().rpartition(": ")[2])
        new.has("m1", "m3", "m3")


class Interrupted(Case):
    """The script ends between doveadm sync and its look; late mail that is deleted then stays so."""

    local = "interrupted"

    def here(self, new):
        new.deliver("r1")

    def there(self):
        self.inbox.add(4, 5)
        self.inbox.flag(1, "FS")

    def run(self, new):
        fails = new.wrapper("interrupted", 'if [ "$1" = sync ]; then touch "$once"; '
                                           'elif [ -e "$once" ] && [ "$3" = fetch ]; then exit 75; fi')
        new.stops("can't list INBOX", doveadm=fails)
        new.expunge("m2", "m4")
        said = new.merges()
        new.equal("it is noted", True, "a late message is not in INBOX" in said)
        new.has("m1", "m3", "m5", "r1")
        new.equal("flags of the old server", "\\Flagged \\Seen",
                  next(flags for subject, _, flags in new.rows().values() if subject == "m1"))


class Renamed(Case):
    """A folder was renamed on the old server; here mail came in, and the owner deleted some."""

    local = "renamed"

    def base(self):
        super().base()
        self.folders["Work"] = Folder(VALIDITY + 1, (11, 12, 13))

    def here(self, new):
        new.deliver("r1", "Work")
        new.expunge("m13", folder="Work")
        new.forget("Work")

    def there(self):
        self.folders["Projects"] = self.folders.pop("Work")
        self.folders["Projects"].add(14)

    def run(self, new):
        new.merges()
        new.has("m11", "m12", "m14", "r1", folder="Projects")


class Copies(Case):
    """Copies within INBOX have the GUID of the first message."""

    local = "copies"

    def base(self):
        self.inbox.copies = {3: 1, 4: 2, 6: 1, 7: 5}
        self.inbox.add(1, 2, 3, 4)

    def here(self, new):
        new.deliver("r1")
        new.expunge("m1")
        new.forget()

    def there(self):
        self.inbox.add(5, 6, 7)
        self.inbox.drop(2)

    def run(self, new):
        new.merges()
        new.has("m3", "m4", "m5", "m6", "m7", "r1")


class Subscriptions(Case):
    """Nothing but subscriptions has changed."""

    local = "subscriptions"

    def base(self):
        super().base()
        self.folders |= {name: Folder(VALIDITY + at, (10 + at,)) for at, name in enumerate("ABCD", 1)}
        self.subscribed = ["INBOX", "INBOX.A", "INBOX.B", "INBOX.D"]

    def here(self, new):
        new.doveadm("mailbox", "unsubscribe", "-u", new.mailbox.address, "INBOX.D")

    def there(self):
        self.subscribed = ["INBOX", "INBOX.B", "INBOX.C", "INBOX.D"]

    def run(self, new):
        new.merges()
        with new.imap() as imap:
            found = [name for name in imap.subscribed() if name in "ABCD"]
        new.equal("subscribed", ["B", "C"], found)


class Chain(Case):
    """A third backup, since the second: late mail of that has other UIDs here."""

    local = "chain"

    def base(self):
        super().base()
        self.folders["Work"] = Folder(VALIDITY + 1, (11, 12))

    def here(self, new):
        new.deliver("r1")
        new.deliver("r2", "Work")

    def there(self):
        self.inbox.add(4, 5, 6, 7)
        self.folders["Work"].add(13, 14)

    def then(self):
        """Between the second backup and the third."""
        self.inbox.drop(5)
        self.inbox.flag(6, "FS")
        self.inbox.add(8, 9)
        self.inbox.drop(9)
        self.folders["Work"].flag(14, "RS")
        self.folders["Work"].add(15)

    def run(self, new):
        new.merges()
        new.has("m1", "m2", "m3", "m4", "m5", "m6", "m7", "r1")
        new.has("m11", "m12", "m13", "m14", "r2", folder="Work")
        new.expunge("m4", "m2")
        new.forget()
        new.deliver("r3")

    def run_again(self, new, staged):
        """The script of the third backup."""
        before = {subject: (uid, uidl) for uid, (subject, uidl, _) in new.rows().items()}
        new.merges(staged=staged)
        new.has("m1", "m3", "m6", "m7", "m8", "r1", "r3")
        new.has("m11", "m12", "m13", "m14", "m15", "r2", folder="Work")
        now = {subject: (uid, uidl) for uid, (subject, uidl, _) in new.rows().items()}
        new.equal("UIDs and UIDLs stay", {},
                  {subject: now[subject] for subject in now if before.get(subject, now[subject]) != now[subject]})
        for subject, folder, flag in (("m6", "INBOX", "\\Flagged"), ("m14", "Work", "\\Answered")):
            flags = [flags for name, _, flags in new.rows(folder).values() if name == subject]
            new.equal(f"flags of {subject}", True, flag in flags[0])


class Predicted(Case):
    """The old server numbered mail of a folder otherwise than was predicted."""

    local = "predicted"

    def base(self):
        super().base()
        self.folders["Work"] = Folder(VALIDITY + 1, (11, 12, 13))
        self.folders["Work"].unlisted = {12, 13}
        self.folders["Work"].next = 2

    def there(self):
        work = self.folders["Work"]
        work.unlisted = set()
        work.messages = {11: (1, "S"), 13: (2, ""), 12: (3, "")}
        work.next = 4
        work.add(14)


class Tilde(Case):
    """A name that doveadm takes for something else."""

    local = "tilde"

    def base(self):
        super().base()
        self.folders["~t"] = Folder(VALIDITY + 1, (11,))

    def there(self):
        self.folders["~t"].add(12)


WITHOUT_RESERVE = (Taken, TakenOnly, Received, ReceivedAndGone, ReceivedHereTakenThere)
WITH_RESERVE = (Forgotten, Newest, Emptied, During, Interrupted, Renamed, Copies, Subscriptions,
                Chain, Predicted, Tilde)
# Those that are not staged, and what sync says of them.
REFUSED = {"predicted": "other UIDs", "tilde": "names that doveadm can't be told"}
