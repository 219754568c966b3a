"""Where replies to a post go: to its author, as the mail says itself, or to the group, or to those in charge of it."""

from __future__ import annotations

from collections.abc import Sequence

from mailbridge import headers
from mailbridge.headers import Field
from mailbridge.rewrite.lines import line, phrase
from mailbridge.rewrite.mailboxes import appended, named


def directed(fields: Sequence[Field], name: str, address: str) -> list[Field]:
    """The fields with `address` in Reply-To.

    A Reply-To that the author wrote stays, and gets the address beside its own: somebody asked for replies there, and
    whoever is left out would not know. A new one stands behind From.
    """
    replies = [field for field in fields if field.name == b"reply-to"]
    new = line("Reply-To", *phrase(name), f"<{address}>")
    if not any(field.value for field in replies):
        after = next((at for at, field in enumerate(fields, 1) if field.name == b"from"), len(fields))
        kept = [*fields[:after], *headers.fields(new), *fields[after:]]
        return [field for field in kept if field not in replies]
    if any(named(field, address) for field in replies):
        return list(fields)
    at = next(at for at, field in enumerate(fields) if field.name == b"reply-to" and field.value)
    return [*fields[:at], *headers.fields(appended(fields[at], address)), *fields[at + 1 :]]
