"""Names in wire form: taken apart, put together, and written as a zone file wants them."""

SIZE_MAX = 255  # Octets of a name (RFC 1035 §2.3.4); with labels of one octet these are 127 labels.
ROOT = b"\0"
PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_*")


def labels(name):
    """Without the empty one at the end."""
    found, at = [], 0
    while name[at]:
        found.append(name[at + 1 : at + 1 + name[at]])
        at += 1 + name[at]
    return found


def join(found, base=ROOT):
    return b"".join(bytes([len(label)]) + label for label in found) + base


def from_text(text):
    """Of a name without escapes, with or without the last dot."""
    return join([label.encode() for label in text.split(".") if label])


def parent(name):
    return name[1 + name[0] :] if name[0] else name


def ancestors(name):
    """The name itself first, the root last."""
    while True:
        yield name
        if name == ROOT:
            return
        name = parent(name)


def is_below(name, base):
    """Truly below; both in lower case."""
    return name != base and name.endswith(base) and base in ancestors(name)


def to_text(name):
    escaped = (
        "".join(chr(byte) if byte in PLAIN else f"\\{byte:03}" for byte in label)
        for label in labels(name)
    )
    return "".join(f"{label}." for label in escaped) or "."
