"""Real mail clients that leave everything on the server, and what each of them downloads.

Every client keeps its memory in a directory of its own. A copy of that directory is the
same client once more, so one memory can meet several new servers.
"""
import os
import shutil
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .environment import HOST, MAIL_GID, MAIL_UID, chown_mail
from .state import digest

SECONDS = 120


class Client:
    """One client of one mailbox. `recognise` tells messages apart: by their bodies, unless told otherwise."""

    def __init__(self, name, directory, mailbox, ports, recognise=None):
        self.name, self.mailbox, self.recognise = name, mailbox, recognise or body_digest
        self.directory = Path(directory)
        self.pop3_port, self.imap_port = ports
        self.box = self.directory / "mail"
        self.box.mkdir(parents=True, exist_ok=True)
        if name in ("fetchmail", "getmail", "mpop"):
            for sub in ("cur", "new", "tmp"):
                (self.box / sub).mkdir(exist_ok=True)

    def run(self):
        """One synchronisation. Returns what it downloaded, and an error or None."""
        before = self._files()
        command = getattr(self, "_" + self.name)()
        chown_mail(self.directory)
        environment = {"HOME": str(self.directory), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TERM": "dumb",
                       "TZ": "UTC"}
        try:
            # Some clients refuse to run as root.
            done = subprocess.run(command, env=environment, cwd=self.directory, stdin=subprocess.DEVNULL,
                                  capture_output=True, timeout=SECONDS, check=False,
                                  user=MAIL_UID, group=MAIL_GID, extra_groups=[])
        except subprocess.TimeoutExpired as expired:
            output = ((expired.stdout or b"") + (expired.stderr or b"")).decode(errors="replace")
            return self._downloaded(before), f"not done within {SECONDS} seconds: {output.strip()[-400:]}"
        output = (done.stdout + done.stderr).decode(errors="replace")
        self._write("last.log", output)
        # fetchmail says 1 for "no new mail".
        failed = done.returncode not in ((0, 1) if self.name == "fetchmail" else (0,))
        return self._downloaded(before), f"exit {done.returncode}: {output.strip()[-400:]}" if failed else None

    def copy(self, directory):
        """The same client with the same memory, elsewhere."""
        shutil.copytree(self.directory, directory, symlinks=True)
        return Client(self.name, directory, self.mailbox, (self.pop3_port, self.imap_port), self.recognise)

    def held(self):
        """All messages that it has."""
        return Counter(self.recognise(path.read_bytes()) for path in self._files().values())

    def _files(self):
        """The messages it holds: paths by folder and name, without the flags, which may change."""
        found = {}
        for directory, _, files in os.walk(self.box):
            folder, last = os.path.split(directory)
            if last in ("cur", "new"):
                for name in files:
                    found[folder, name.partition(":")[0]] = Path(directory, name)
        return found

    def _downloaded(self, before):
        """The messages of files that were not there. Headers don't count: some clients add to
        them. A difference of the messages would not do: a client that throws its copies away and fetches
        them again ends with the same bodies.
        """
        return Counter(self.recognise(path.read_bytes()) for key, path in self._files().items() if key not in before)

    def _write(self, name, text, mode=0o600):
        path = self.directory / name
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    def _deliver_script(self, and_then="true"):
        return self._write("deliver", f'#!/bin/sh\ncat > "{self.box}/new/$(date +%s%N).$$" && {and_then}\n', 0o700)

    def _quoted(self, text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def _fetchmail(self):
        deliver = self._deliver_script()
        rules = self._write("rc", f"set no bouncemail\n"
                            f"poll {HOST} service {self.pop3_port} protocol pop3 uidl timeout 30\n"
                            f"  user {self._quoted(self.mailbox.address)}"
                            f" password {self._quoted(self.mailbox.password)}"
                            f' sslproto "" keep mda "{deliver}"\n')
        return ["fetchmail", "-f", rules, "-i", f"{self.directory}/fetchids", "--pidfile", f"{self.directory}/pid",
                "--nosyslog", "-v"]

    def _getmail(self):
        # getmail 6.18 forks for each delivery, its own maildir's too, and looks for the child's end
        # only afterwards: it hangs when the child is quicker. So the child takes its time.
        deliver = self._deliver_script("sleep 0.1")
        rules = self._write("rc", f"[retriever]\ntype = SimplePOP3Retriever\nserver = {HOST}\nport = {self.pop3_port}\n"
                            f"username = {self.mailbox.address}\npassword = {self.mailbox.password}\n"
                            f"[destination]\ntype = MDA_external\npath = {deliver}\n"
                            f"[options]\ndelete = false\nread_all = false\nverbose = 2\n")
        return ["getmail", "--getmaildir", str(self.directory), "--rcfile", rules]

    def _mpop(self):
        rules = self._write("rc", f"account default\nhost {HOST}\nport {self.pop3_port}\ntls off\nauth user\n"
                            f"user {self.mailbox.address}\npassword {self._quoted(self.mailbox.password)}\n"
                            f"keep on\nuidls_file {self.directory}/uidls\ndelivery maildir {self.box}\n")
        return ["mpop", f"--file={rules}"]

    def _mbsync(self):
        (self.directory / "state").mkdir(exist_ok=True)
        rules = self._write("rc", f"IMAPAccount old\nHost {HOST}\nPort {self.imap_port}\n"
                            f"User {self.mailbox.address}\nPass {self._quoted(self.mailbox.password)}\n"
                            f"SSLType None\nAuthMechs LOGIN\n\nIMAPStore far\nAccount old\nPath INBOX.\n\n"
                            f"MaildirStore near\nPath {self.box}/\nInbox {self.box}/INBOX\nSubFolders Verbatim\n\n"
                            f"Channel all\nFar :far:\nNear :near:\nPatterns *\nCreate Near\nSync Pull\n"
                            f"Expunge Near\nSyncState {self.directory}/state/\n")
        return ["mbsync", "-c", rules, "-a", "-V"]

    def _offlineimap(self):
        # Its configuration is read with interpolation, where a percent sign means something.
        password = self.mailbox.password.replace("%", "%%")
        rules = self._write("rc", f"[general]\naccounts = a\nmetadata = {self.directory}/meta\nui = basic\n"
                            f"maxsyncaccounts = 1\n[Account a]\nlocalrepository = l\nremoterepository = r\n"
                            f"[Repository l]\ntype = Maildir\nlocalfolders = {self.box}\n"
                            f"[Repository r]\ntype = IMAP\nremotehost = {HOST}\nremoteport = {self.imap_port}\n"
                            f"remoteuser = {self.mailbox.address}\nremotepass = {password}\nssl = no\n"
                            f"starttls = no\nauth_mechanisms = LOGIN\nreadonly = True\nmaxconnections = 1\n")
        return ["offlineimap", "-c", rules, "-o", "-1"]


def run_all(clients):
    """Run every client once: the mailboxes at the same time, the clients of one mailbox in turn.

    Returns what each downloaded and its error, by the name of the client's directory.
    """
    by_mailbox = {}
    for client in clients:
        by_mailbox.setdefault(client.mailbox, []).append(client)
    with ThreadPoolExecutor(len(by_mailbox) or 1) as pool:
        batches = pool.map(lambda batch: [(client.directory.name, client.run()) for client in batch],
                           by_mailbox.values())
        return dict(result for batch in batches for result in batch)


def body_digest(message):
    """A digest of what follows the header."""
    return digest(message.replace(b"\r", b"").partition(b"\n\n")[2])


def for_mailboxes(directory, mailboxes, ports):
    """Every client of every mailbox."""
    return [Client(name, Path(directory) / f"{mailbox.local}-{name}", mailbox, ports)
            for mailbox in mailboxes for name in mailbox.clients]
