"""The key by which a message is known again: sent twice as its 250 was lost (RFC 1047), by two ways, to two groups."""

from __future__ import annotations

import hashlib

from mailbridge.policy.shape import Shape, first

_COMPARED = (b"message-id", b"from", b"to", b"subject", b"date")


def fingerprint(shape: Shape) -> str | None:
    """SHA-256 over the body and the fields that no relay changes on the way, hexadecimal.

    None for a message with neither Message-ID nor Date: a machine that says the same words every day means each one.

    The Message-ID alone would lose distinct mails, and let an attacker suppress one by sending its id first. Received
    and the like differ between two tries of one message, so they are left out; and so does the return path between two
    ways it comes by, of which one may be a forwarder's.
    """
    if not any(first(shape.fields, name) for name in (b"message-id", b"date")):
        return None
    digest = hashlib.sha256()
    compared = {name: first(shape.fields, name) for name in _COMPARED}
    # Groups put themselves in From where an author's provider asks for it; it is the author's mail all the same.
    compared[b"from"] = first(shape.fields, b"x-original-from") or compared[b"from"]
    for part in compared.values():
        digest.update(len(part).to_bytes(8) + part)
    digest.update(shape.body)
    return digest.hexdigest()
