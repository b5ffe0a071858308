"""Modified UTF-7, in which IMAP writes folder names."""
import base64


def encode(name):
    """A Unicode folder name as it goes over the wire."""
    out, run = [], []

    def flush():
        if run:
            packed = base64.b64encode("".join(run).encode("utf-16-be")).decode().rstrip("=")
            out.append("&" + packed.replace("/", ",") + "-")
            run.clear()
    for character in name:
        if " " <= character <= "~":
            flush()
            out.append("&-" if character == "&" else character)
        else:
            run.append(character)
    flush()
    return "".join(out)


def decode(name):
    """The Unicode folder name behind what came over the wire."""
    out, rest = [], name
    while rest:
        plain, ampersand, rest = rest.partition("&")
        out.append(plain)
        if ampersand:
            coded, _, rest = rest.partition("-")
            if coded:
                padded = coded.replace(",", "/") + "=" * (-len(coded) % 4)
                out.append(base64.b64decode(padded).decode("utf-16-be"))
            else:
                out.append("&")
    return "".join(out)
