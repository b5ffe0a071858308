"""The table of results, and its place in README.md."""
from .environment import REPOSITORY
from .mailboxes import IMAP_CLIENTS, POP3_CLIENTS

BEGIN, END = "<!-- uidl-table -->", "<!-- /uidl-table -->"
README = REPOSITORY / "README.md"


def _cell(counts):
    return f"{counts['new']} of {counts['expected']}, {counts['again']} again"


def _control(cells, names):
    parts = {"stops" if cells[name]["error"] else f"{cells[name]['again']} again" for name in names}
    return " / ".join(sorted(parts))


def render(rows):
    """Markdown: what each client downloaded after the move."""
    head = ["Old server", "New server", "UIDLs kept", "UIDs kept", *POP3_CLIENTS, *IMAP_CLIENTS,
            "plain copy, POP3", "plain copy, IMAP"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for row in rows:
        cells = [row["old"], row["new"], "{} of {}".format(*row["uidl"]), "{} of {}".format(*row["uid"])]
        cells += [_cell(row["clients"][name]) for name in POP3_CLIENTS + IMAP_CLIENTS]
        cells += [_control(row["control"], POP3_CLIENTS), _control(row["control"], IMAP_CLIENTS)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def in_readme():
    """The table that README.md shows, or None when it has no place for one."""
    if not README.exists():
        return None
    _, begin, rest = README.read_text().partition(BEGIN)
    table, end, _ = rest.partition(END)
    return table.strip() + "\n" if begin and end else None


def update_readme(table):
    """Put the table between the markers of README.md."""
    before, begin, rest = README.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md lacks the markers {BEGIN} and {END}")
    README.write_text(f"{before}{BEGIN}\n{table}{END}{after}")
