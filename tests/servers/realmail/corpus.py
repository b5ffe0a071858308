"""The messages that are delivered."""
from .environment import MESSAGES


def load():
    """All messages of fixtures/messages, in the order of their numbers."""
    messages = [path.read_bytes() for path in sorted(MESSAGES.glob("*.eml"))]
    if len(messages) < 30:
        raise FileNotFoundError(f"{MESSAGES} holds {len(messages)} messages, 30 are needed")
    return messages
