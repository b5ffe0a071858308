"""The login half of Courier, without its authentication daemon.

Courier splits a session in two: a login program checks the password, then becomes
courierpop3d or imapd, which do everything about mail. Only the first half is played
here; every UIDL and UID a client sees comes from Courier's own programs.

Arguments: MAILROOT USERS POP3_PORT IMAP_PORT COURIER_ROOT. Listens on loopback only.
"""
import os
import re
import select
import signal
import socket
import sys

MAIL = 8
MAILROOT, USERS, POP3_PORT, IMAP_PORT, ROOT = sys.argv[1:]
CAPABILITIES = "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE SORT QUOTA IDLE"
ENVIRONMENT = {
    "LD_LIBRARY_PATH": f"{ROOT}/usr/lib:{ROOT}/usr/lib/x86_64-linux-gnu",
    "PATH": "/usr/bin:/bin", "TZ": "UTC", "HOSTNAME": "plesk.example.net",
    "TCPREMOTEIP": "127.0.0.1", "TCPREMOTEPORT": "1", "TCPLOCALIP": "127.0.0.1",
    "IMAP_CAPABILITY": CAPABILITIES, "IMAP_KEYWORDS": "1", "IMAP_ACL": "0", "IMAP_USELOCKS": "0", 
    # The packaged default "Trash:7" deletes old mail at login.
    "IMAP_EMPTYTRASH": "", "IMAP_TRASHFOLDERNAME": "Trash", "IMAP_MAILBOX_SANITY_CHECK": "0",
    "GAM_CLIENT_ID": IMAP_PORT, "IMAP_ULIMITD": "131072", "IMAP_IDLE_TIMEOUT": "60",
}


def passwords():
    with open(USERS, encoding="utf-8") as lines:
        return dict(line.rstrip("\n").split(":{PLAIN}", 1) for line in lines)


def hand_over(connection, user, password, program, **more):
    """Become Courier's program with the connection as its input and output; return on refusal."""
    user = user.lower()
    if passwords().get(user) != password:
        return
    local, _, domain = user.partition("@")
    os.dup2(connection.fileno(), 0)
    os.dup2(connection.fileno(), 1)
    os.setgroups([])
    os.setgid(MAIL)
    os.setuid(MAIL)
    os.umask(0o077)
    home = os.path.join(MAILROOT, domain, local)
    os.chdir(home)
    os.execve(program, [program, "Maildir"],
              dict(ENVIRONMENT, AUTHENTICATED=user, AUTHADDR=user, HOME=home, MAILDIR="Maildir", **more))


def lines(connection):
    """Lines, byte by byte: what follows the login belongs to the program that takes over."""
    buffer = b""
    while len(buffer) < 8192 and (byte := connection.recv(1)):
        buffer += byte
        if byte == b"\n":
            yield buffer.rstrip(b"\r\n").decode("utf-8", "surrogateescape")
            buffer = b""


def pop3(connection):
    def send(text):
        connection.sendall(text.encode() + b"\r\n")
    send("+OK Hello there.")
    user, utf8 = "", "0"
    for line in lines(connection):
        word, _, rest = line.partition(" ")
        match word.upper():
            case "UTF8":
                utf8 = "1"
                send("+OK UTF8 enabled.")
            case "CAPA":
                send("+OK Here's what I can do:\r\nTOP\r\nUSER\r\nPIPELINING\r\nUIDL\r\n.")
            case "USER":
                user = rest.strip()
                send("+OK Password required.")
            case "PASS":
                hand_over(connection, user, rest, f"{ROOT}/usr/lib/courier/courier/courierpop3d",
                          PROTOCOL="POP3", UTF8=utf8)
                send("-ERR Login failed.")
            case "QUIT":
                send("+OK Better luck next time.")
                return
            case _:
                send("-ERR Invalid command.")


def unquote(text):
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def imap(connection):
    def send(text):
        connection.sendall(text.encode() + b"\r\n")
    send(f"* OK [CAPABILITY {CAPABILITIES}] Courier-IMAP ready.")
    for line in lines(connection):
        tag, word, rest = (line.split(" ", 2) + ["", ""])[:3]
        match word.upper():
            case "CAPABILITY":
                send(f"* CAPABILITY {CAPABILITIES}\r\n{tag} OK CAPABILITY completed")
            case "LOGIN":
                words = re.fullmatch(r'("(?:[^"\\]|\\.)*"|\S+) ("(?:[^"\\]|\\.)*"|\S+)', rest.strip())
                if words:
                    hand_over(connection, unquote(words[1]), unquote(words[2]), f"{ROOT}/usr/bin/imapd",
                              PROTOCOL="IMAP", IMAPLOGINTAG=tag, UTF8="0")
                send(f"{tag} NO Login failed.")
            case "NOOP":
                send(f"{tag} OK NOOP completed")
            case "LOGOUT":
                send(f"* BYE\r\n{tag} OK LOGOUT completed")
                return
            case _:
                send(f"{tag} BAD not logged in")


def refuse(_connection):
    """Hang up at once."""


def notification_socket():
    """The socket on which imapd looks for a file notification daemon, for over a second at each login.

    There is none; a connection that is closed tells it so at once.
    """
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"\0/tmp/fam-mail-{IMAP_PORT}".encode().ljust(108, b"\0"))
    listener.listen(50)
    return listener


def main():
    services = {notification_socket(): refuse}
    for port, serve in ((POP3_PORT, pop3), (IMAP_PORT, imap)):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", int(port)))
        listener.listen(50)
        services[listener] = serve
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        for listener in select.select(list(services), [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                for each in services:
                    each.close()
                try:
                    services[listener](connection)
                finally:
                    os._exit(0)
            connection.close()


main()
