"""The key by which a repeated message is known: a client whose 250 was lost sends the same again (RFC 1047)."""

from __future__ import annotations

import hashlib

from mailbridge.policy.shape import Shape, first

_COMPARED = (b"message-id", b"from", b"to", b"subject", b"date")


def content(shape: Shape, return_path: str) -> bytes | None:
    """SHA-256 over return path, body and the fields that no relay changes on the way. 32 octets.

    None for a message with neither Message-ID nor Date: a machine that says the same words every day means each one.

    The Message-ID alone would lose distinct mails, and let an attacker suppress one by sending its id first. Received
    and the like differ between two tries of one message, so they are left out.
    """
    if not any(first(shape.fields, name) for name in (b"message-id", b"date")):
        return None
    digest = hashlib.sha256()
    compared = {name: first(shape.fields, name) for name in _COMPARED}
    # Groups put themselves in From where an author's provider asks for it; it is the author's mail all the same.
    compared[b"from"] = first(shape.fields, b"x-original-from") or compared[b"from"]
    for part in (return_path.encode("utf-8", "surrogatepass"), *compared.values()):
        digest.update(len(part).to_bytes(8) + part)
    digest.update(shape.body)
    return digest.digest()


def fingerprint(group_address: str, content_digest: bytes | None) -> str | None:
    """The repeat key of a message (`content`) in one group, hexadecimal; None if it can have no repeats."""
    if content_digest is None:
        return None
    return hashlib.sha256(content_digest + group_address.lower().encode()).hexdigest()
