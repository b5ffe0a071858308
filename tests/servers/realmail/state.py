"""What clients see of a mailbox, written down, and two such records compared."""
import datetime
import hashlib
import re

from .sessions import Imap, Pop3, Refused

# Folders that the new server makes on its own, whatever was in the archive.
AUTOMATIC = {"Drafts", "Sent", "Trash", "spam", "Archive"}


def digest(message):
    """A message's identity across servers and protocols.

    Line ends are the protocol's (CRLF) or the file's (LF), and POP3 has to end the last
    line; so carriage returns and the final line ends don't count. Whether every byte of
    the files survives is checked on the files, in `digests`.
    """
    return hashlib.sha256(message.replace(b"\r", b"").rstrip(b"\n")).hexdigest()


def internal_date(attributes):
    """INTERNALDATE as seconds since 1970, independent of the server's zone."""
    text = re.search(r'INTERNALDATE "([^"]*)"', attributes)[1].strip()
    return int(datetime.datetime.strptime(text, "%d-%b-%Y %H:%M:%S %z").timestamp())


def _message(attributes, content):
    flags = re.search(r"FLAGS \(([^)]*)\)", attributes)[1].split()
    return {"uid": int(re.search(r"UID (\d+)", attributes)[1]),
            "flags": sorted(flag for flag in flags if flag != "\\Recent"),
            "date": internal_date(attributes),
            "size": int(re.search(r"RFC822.SIZE (\d+)", attributes)[1]),
            "digest": digest(content)}


def dump_imap(port, address, password):
    """Every folder with its numbers and messages, and the subscriptions. Changes no flag.

    `unopened` are folders that the server lists and then can't open, as Dovecot does with a
    directory in raw UTF-8.
    """
    with Imap(port, address, password) as session:
        folders, unopened = {}, []
        for folder in session.folders():
            try:
                validity, following = session.select(folder, read_only=True)
            except Refused:
                unopened.append(folder)
                continue
            messages = [_message(*pair) for pair in session.fetch_all()]
            if following is None:
                following = session.status(folder, "UIDNEXT")
            folders[folder] = {"uidvalidity": validity, "uidnext": following,
                               "messages": sorted(messages, key=lambda message: message["uid"])}
        return {"folders": folders, "subscribed": session.subscribed(), "unopened": unopened}


def dump_pop3(port, address, password):
    """The POP3 listing in the server's order. Changes no flag."""
    with Pop3(port, address, password) as session:
        return [{"uidl": uidl, "size": size, "digest": digest(session.peek(number))}
                for number, uidl, size in session.listing()]


def _compare_messages(where, old, new, lost_keywords):
    differences = []
    by_uid = {message["uid"]: message for message in new}
    for message in old:
        found = by_uid.pop(message["uid"], None)
        if found is None or found["digest"] != message["digest"]:
            what = "nothing" if found is None else "another message"
            differences.append(f"{where}: UID {message['uid']} names {what}")
            continue
        kept = sorted(flag for flag in message["flags"] if flag not in lost_keywords)
        for name, before, after in (("flags", kept, found["flags"]), ("date", message["date"], found["date"]),
                                    ("size", message["size"], found["size"])):
            if before != after:
                differences.append(f"{where}: UID {message['uid']} {name} was {before}, is {after}")
    differences += [f"{where}: UID {uid} was not there before" for uid in by_uid]
    return differences


def compare_imap(old, new, lost_keywords=frozenset()):
    """All that an IMAP client would notice, as sentences; none when there is nothing."""
    differences = [f"folder {folder} can't be opened" for folder in new["unopened"]]
    for folder, before in old["folders"].items():
        after = new["folders"].get(folder)
        if after is None:
            differences.append(f"folder {folder} is missing")
            continue
        for name in ("uidvalidity", "uidnext"):
            if before[name] != after[name]:
                differences.append(f"{folder}: {name} was {before[name]}, is {after[name]}")
        differences += _compare_messages(folder, before["messages"], after["messages"], lost_keywords)
    for folder in set(new["folders"]) - set(old["folders"]):
        if folder not in AUTOMATIC or new["folders"][folder]["messages"]:
            differences.append(f"folder {folder} was not there before")
    lost = set(old["subscribed"]) - set(new["subscribed"])
    gained = set(new["subscribed"]) - set(old["subscribed"]) - AUTOMATIC
    differences += [f"subscription of {folder} is lost" for folder in sorted(lost)]
    differences += [f"subscription of {folder} is new" for folder in sorted(gained)]
    return differences


def compare_pop3(old, new):
    """All that a POP3 client would notice: UIDLs, their messages, the order and the sizes."""
    if [entry["uidl"] for entry in old] != [entry["uidl"] for entry in new]:
        return [f"POP3 lists {len(new)} UIDLs, the old server listed {len(old)}; first difference: "
                + next((f"{a} became {b}" for a, b in zip([e["uidl"] for e in old], [e["uidl"] for e in new])
                        if a != b), "at the end")]
    return [f"UIDL {before['uidl']}: {name} was {before[name]}, is {after[name]}"
            for before, after in zip(old, new) for name in ("digest", "size") if before[name] != after[name]]
