"""The one subscription that every old server serves, and who uses its mailboxes how."""
from dataclasses import dataclass

DOMAIN = "example.com"
# An add-on domain with a name outside ASCII and mail of its own; its directory is in punycode.
ADDON = "xn--bcher-kva.example"
ADDON_DISPLAY = "bücher.example"

POP3_CLIENTS = ("fetchmail", "getmail", "mpop")
IMAP_CLIENTS = ("mbsync", "offlineimap")


@dataclass(frozen=True)
class Mailbox:
    """One mailbox: which clients fetch it, and how Plesk writes its password down."""

    local: str
    domain: str
    password: str
    clients: tuple
    kept_as: str = "plain"  # or "sym": under the server's key, or "hash": crypt

    @property
    def address(self):
        """What its owner logs in with."""
        return f"{self.local}@{self.domain}"

    @property
    def uses_pop3(self):
        """Whether anybody ever opens it over POP3."""
        return any(client in POP3_CLIENTS for client in self.clients)

    @property
    def uses_imap(self):
        """Whether anybody ever opens it over IMAP."""
        return any(client in IMAP_CLIENTS for client in self.clients)


ALICE = Mailbox("alice", DOMAIN, "Alice-4711!", POP3_CLIENTS + IMAP_CLIENTS, kept_as="sym")
SALES = Mailbox("sales", DOMAIN, "nur pöp3; spaces & <signs>", POP3_CLIENTS)
TEAM = Mailbox("team", DOMAIN, "imap-only-0815", IMAP_CLIENTS, kept_as="sym")
UNREAD = Mailbox("unread", DOMAIN, "nobody-logs-in", ())
EMPTY = Mailbox("empty", DOMAIN, "nothing-there", POP3_CLIENTS + IMAP_CLIENTS, kept_as="hash")
INFO = Mailbox("info", ADDON, "buecher-%-passwort", POP3_CLIENTS + IMAP_CLIENTS, kept_as="sym")

MAILBOXES = (ALICE, SALES, TEAM, UNREAD, EMPTY, INFO)
USERS = {mailbox.address: mailbox.password for mailbox in MAILBOXES}
