"""Mentions: whether a message as received says something of a person, in whatever way its parts are encoded.

It is only read here, by Python's `email`, and never written back.
"""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from email.errors import MessageError
from email.header import decode_header, make_header

from store.privacy.identity import Identity

_DEEPEST = 1_000  # header lines looked at


def mentioned(raw: bytes, identity: Identity) -> bool:
    """Whether an address, Slack id or full name stands in the message's header or text, encoded or not."""
    return any(identity.words.search(text) for text in _texts(raw))


def _texts(raw: bytes) -> Iterator[str]:
    yield raw.decode("utf-8", "replace")
    try:
        message = email.message_from_bytes(raw, policy=email.policy.compat32)
        for part in message.walk():
            for value in list(part.values())[:_DEEPEST]:
                yield _decoded(str(value))
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                yield payload.decode("utf-8", "replace")
                yield payload.decode("latin-1")
    except (MessageError, ValueError, LookupError, RecursionError):
        return  # what cannot be read has been searched as it is


def _decoded(value: str) -> str:
    try:
        return str(make_header(decode_header(value)))
    except (MessageError, ValueError, LookupError):
        return value
