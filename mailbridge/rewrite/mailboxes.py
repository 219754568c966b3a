"""Address lists of header fields (RFC 5322 3.4), searched and added to as octets: what is there stays as it is."""

from __future__ import annotations

import re

from mailbridge.headers import Field
from mailbridge.rewrite.lines import CRLF, line


def appended(field: Field, address: str) -> bytes:
    """The field with one mailbox more, or with that alone where it was empty."""
    if not field.value:
        return line(field.name.decode("ascii").title(), f"<{address}>")
    return field.raw.rstrip(b" \t\r\n,") + b"," + CRLF + b"\t<" + address.encode() + b">" + CRLF


def named(field: Field, address: str) -> bool:
    """Whether the address stands in the field by itself, not as the end of a longer one."""
    wanted = re.escape(address.lower().encode("utf-8", "replace"))
    return bool(re.search(rb"(?<![^\s<,:;\"'(])" + wanted + rb"(?![^\s>,;)\"'])", field.value.lower()))
