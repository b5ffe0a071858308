"""An IMAP client that idles: what it is told while others work on the same mailbox."""
import re
import socket

from .environment import HOST


class IdleClient:
    """One raw session with a folder open, in IDLE. The standard library's has no IDLE."""

    def __init__(self, port, address, password):
        self._socket = socket.create_connection((HOST, port))
        self._buffer, self._tags = b"", 0
        self._line(10)
        self.call(f'LOGIN "{address}" "{password}"')
        opened = self.call("SELECT INBOX")
        self.validity = int(re.search(r"UIDVALIDITY (\d+)", " ".join(opened))[1])
        self.uids = self.all_uids()
        self._send("IDLE")
        self._until(lambda line: line.startswith("+"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()

    def heard(self, seconds):
        """Untagged lines until nothing comes for so long."""
        lines = []
        while line := self._line(seconds):
            lines.append(line)
        return lines

    def stop_idling(self):
        """End IDLE; lines that came with it."""
        self._socket.sendall(b"DONE\r\n")
        return self._until(lambda line: line.startswith(self._tag()))

    def all_uids(self):
        """The UIDs as the server tells them now, in its order."""
        return [int(found[1]) for line in self.call("UID FETCH 1:* (UID)") if (found := re.search(r"UID (\d+)\)", line))]

    def call(self, command):
        """Run one command; the untagged lines of its answer. Anything but OK is an error."""
        self._send(command)
        lines = self._until(lambda line: line.startswith(self._tag()))
        if not lines[-1].startswith(f"{self._tag()} OK"):
            raise ConnectionError(f"{command}: {lines[-1]}")
        return lines[:-1]

    def _tag(self):
        return f"t{self._tags}"

    def _send(self, command):
        self._tags += 1
        self._socket.sendall(f"{self._tag()} {command}\r\n".encode())

    def _until(self, last):
        lines = []
        while not lines or not last(lines[-1]):
            line = self._line(30)
            if not line:
                raise ConnectionError(f"no answer after {lines[-3:]}")
            lines.append(line)
        return lines

    def _line(self, seconds):
        self._socket.settimeout(seconds)
        while b"\r\n" not in self._buffer:
            try:
                received = self._socket.recv(1 << 16)
            except TimeoutError:
                return ""
            if not received:
                raise ConnectionError("the server hung up")
            self._buffer += received
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line.decode("latin-1")
