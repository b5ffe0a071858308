"""IMAP and POP3 sessions as a test wants them: Unicode folder names, every refusal an exception."""
import contextlib
import imaplib
import poplib
import re

from . import utf7
from .environment import HOST

# The standard library's limits are far below one long header line of a broken message.
poplib._MAXLINE = 1 << 20
imaplib._MAXLINE = 1 << 26

PREFIX = "INBOX."

# What a server's refusal looks like when the library notices it first.
PROTOCOL_ERRORS = (imaplib.IMAP4.error, poplib.error_proto)


class Refused(Exception):
    """The server said NO, BAD or -ERR."""


def _wire(folder):
    """`INBOX`, or a name below it, quoted for the wire."""
    name = folder if folder == "INBOX" else PREFIX + utf7.encode(folder)
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Imap:
    """One IMAP session. Folder names are Unicode and without the `INBOX.` prefix."""

    def __init__(self, port, address, password):
        self._imap = imaplib.IMAP4(HOST, port)
        self._imap._encoding = "utf-8"  # passwords need not be ASCII
        self._check(self._imap.login(address, password), f"LOGIN {address}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._imap.logout()

    @staticmethod
    def _check(answer, what):
        status, data = answer
        if status != "OK":
            raise Refused(f"{what}: {status} {data}")
        return data

    def _call(self, method, *arguments):
        try:
            return self._check(getattr(self._imap, method)(*arguments), f"{method} {arguments}")
        except imaplib.IMAP4.error as error:
            raise Refused(f"{method} {arguments}: {error}") from error

    def select(self, folder, read_only=False):
        """Open a folder; returns (UIDVALIDITY, UIDNEXT)."""
        self._check(self._imap.select(_wire(folder), readonly=read_only), f"SELECT {folder}")
        numbers = []
        for name in ("UIDVALIDITY", "UIDNEXT"):
            value = self._imap.response(name)[1][0]
            numbers.append(None if value is None else int(value))
        return tuple(numbers)

    def status(self, folder, item):
        """One number of STATUS."""
        data = self._call("status", _wire(folder), f"({item})")
        return int(re.search(rb"%s (\d+)" % item.encode(), data[0].rpartition(b"(")[2])[1])

    def uids(self):
        """The UIDs of the open folder, ascending."""
        return sorted(int(uid) for uid in self._call("uid", "SEARCH", "ALL")[0].split())

    def store(self, uids, flags):
        """Add flags or keywords to messages of the open folder."""
        self._call("uid", "STORE", ",".join(map(str, uids)), "+FLAGS", f"({flags})")

    def unstore(self, uids, flags):
        """Take flags or keywords from messages of the open folder."""
        self._call("uid", "STORE", ",".join(map(str, uids)), "-FLAGS", f"({flags})")

    def copy(self, uids, folder):
        """Copy messages of the open folder."""
        self._call("uid", "COPY", ",".join(map(str, uids)), _wire(folder))

    def move(self, uids, folder):
        """Move messages: with MOVE where the server has it, else as clients did before it existed."""
        chosen = ",".join(map(str, uids))
        if "MOVE" in self._check(self._imap.capability(), "CAPABILITY")[0].decode().split():
            self._check(self._imap._simple_command("UID", "MOVE", chosen, _wire(folder)), f"MOVE to {folder}")
        else:
            self.copy(uids, folder)
            self.expunge(uids)

    def expunge(self, uids):
        """Delete these messages for good, and no others that are marked."""
        self.store(uids, "\\Deleted")
        self._call("uid", "EXPUNGE", ",".join(map(str, uids)))

    def create(self, folder):
        """Make a folder."""
        self._call("create", _wire(folder))

    def delete(self, folder):
        """Delete a folder with its messages; it may not be open."""
        self._call("select", _wire("INBOX"))
        self._call("delete", _wire(folder))

    def rename(self, folder, new):
        """Give a folder another name."""
        self._call("rename", _wire(folder), _wire(new))

    def subscribe(self, folder):
        """Subscribe to a folder."""
        self._call("subscribe", _wire(folder))

    def append(self, folder, message, flags, date):
        """Store a message with an internal date of its own (an IMAP date-time)."""
        self._call("append", _wire(folder), flags, f'"{date}"', message)

    def read(self, uid):
        """Fetch one message as a reader does, so that it becomes \\Seen."""
        self._call("uid", "FETCH", str(uid), "(BODY[])")

    def fetch_all(self, chosen="1:*"):
        """All messages of the open folder, or the chosen UIDs, without changing them: (attributes, bytes) pairs."""
        data = self._call("uid", "FETCH", chosen, "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])")
        pairs = []
        for position, item in enumerate(data):
            if isinstance(item, tuple):
                # Attributes may stand before or after the literal.
                after = data[position + 1] if position + 1 < len(data) else b""
                tail = after if isinstance(after, bytes) else b""
                pairs.append(((item[0] + b" " + tail).decode("latin-1"), item[1]))
        return pairs

    def folders(self):
        """Names of the folders that can be opened."""
        return self._names(self._call("list"))

    def subscribed(self):
        """Names that are subscribed."""
        return self._names(self._call("lsub"))

    @staticmethod
    def _names(rows):
        names = set()
        for row in filter(None, rows):
            if isinstance(row, tuple):
                attributes, name = row[0], row[1].decode()
            else:
                parts = re.fullmatch(rb'(\([^)]*\)) (?:"[^"]*"|NIL) (.*)', row)
                attributes, name = parts[1], parts[2].decode()
                if name.startswith('"'):
                    name = re.sub(r"\\(.)", r"\1", name[1:-1])
            if b"noselect" not in attributes.lower() and b"nonexistent" not in attributes.lower():
                names.add(utf7.decode(name.removeprefix(PREFIX)))
        return sorted(names)


class Pop3:
    """One POP3 session; leaving it says QUIT, which is when deletions take effect."""

    def __init__(self, port, address, password):
        self._pop3 = poplib.POP3(HOST, port)
        with contextlib.suppress(poplib.error_proto):
            # Courier 5 wraps a message with 8-bit headers for a client that doesn't ask
            # for UTF-8, in a different wrapper each time. Dovecot knows no such command.
            self._pop3.utf8()
        self._pop3.user(address)
        self._pop3.pass_(password)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._pop3.quit()

    def retrieve(self, number):
        """Download one message, so that the server takes it as seen."""
        return b"\n".join(self._pop3.retr(number)[1]) + b"\n"

    def delete(self, number):
        """Mark one message for deletion."""
        self._pop3.dele(number)

    def listing(self):
        """(UIDL, size) of every message in the server's order, without downloading any."""
        uidls = [line.decode("latin-1").split(" ", 1) for line in self._pop3.uidl()[1]]
        sizes = dict(line.decode().split(" ")[:2] for line in self._pop3.list()[1])
        return [(int(number), uidl, int(sizes[number])) for number, uidl in uidls]

    def peek(self, number):
        """The whole message by TOP, which leaves its flags alone."""
        return b"\n".join(self._pop3.top(number, 1_000_000)[1]) + b"\n"
