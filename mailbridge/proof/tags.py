"""Lists of tags: `name=value; name=value` (RFC 6376 3.2), in signatures, keys and DMARC records alike."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_BLANKS = re.compile(r"[ \t\r\n]+")


class BadTags(ValueError):  # noqa: N818 - an answer about a text
    """The text is no list of tags, or has one of them twice."""


def parse(text: bytes) -> dict[str, str]:
    """The tags by name, values stripped. Names are compared as they are written. Raises BadTags.

    A tag that stands twice makes the whole list void (RFC 6376 3.2): readers would disagree which one counts.
    """
    try:
        parts = text.decode("utf-8").split(";")
    except UnicodeDecodeError as error:
        raise BadTags("it is not text") from error
    if not parts[-1].strip():
        parts.pop()
    tags: dict[str, str] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not _NAME.fullmatch(name) or name in tags:
            raise BadTags("a tag is malformed or stands twice")
        tags[name] = value.strip()
    return tags


def compact(value: str) -> str:
    """A value without its blanks, as base64 may be folded."""
    return _BLANKS.sub("", value)
