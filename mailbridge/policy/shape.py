"""What a message must be before anybody's policy is asked (DESIGN §4, "Refused for what they are"), and what it says.

Pure, from raw bytes. Whatever readers could disagree on – two Subjects, a header line that is none – is refused rather
than guessed at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mailbridge.headers import Field, fields, split
from mailbridge.policy import display, replies
from mailbridge.policy.author import Author, NoAuthor, author
from store.terms import Reply

# Fields of which readers show one and signatures cover another (DKIM signs the last, most programs show the first).
_ONCE = {b"sender": "Sender", b"subject": "Subject", b"message-id": "Message-ID", b"date": "Date"}
_MESSAGE_ID_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Shape:
    """A well-formed message: its fields and body as octets, and what of it is shown and compared.

    `body` is a view of the message: a copy of a big one would be held as long as the database takes to keep it.
    `subject` and `author.name` are display text; `message_id` is the header's value, one line, or "".
    """

    fields: tuple[Field, ...]
    body: memoryview
    size: int
    author: Author
    subject: str
    message_id: str


def examine(raw: bytes, most_fields: int) -> Shape | Reply:
    """The shape of a message of at most `most_fields` header fields, or the reply that refuses it."""
    head, body = split(raw)
    found = fields(head)
    if len(found) > most_fields:
        return replies.HEADER_TOO_BIG
    # A line that is no field ends the header for some readers and not for others, who then see another From.
    if body and not body.startswith(b"\r\n"):
        return replies.NO_BLANK_LINE
    counts = Counter(field.name for field in found)
    if counts[b"from"] != 1:
        return replies.NO_FROM
    for name, shown in _ONCE.items():
        if counts[name] > 1:
            return replies.repeated(shown)
    try:
        writer = author(first(found, b"from"))
    except NoAuthor:
        return replies.NO_FROM
    return Shape(
        fields=tuple(found),
        body=memoryview(raw)[len(head) :],
        size=len(raw),
        author=writer,
        subject=display.text(first(found, b"subject")),
        message_id=display.clean(display.raw_text(first(found, b"message-id")), _MESSAGE_ID_LONGEST),
    )


def first(found: Sequence[Field], name: bytes) -> bytes:
    """The value of the first field of that lower-case name, or nothing."""
    return next((field.value for field in found if field.name == name), b"")
