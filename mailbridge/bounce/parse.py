"""Delivery status notifications (RFC 3464): does this message say that a delivery failed for good?

Nothing here trusts the report about whom it concerns: anybody can write one that names five thousand recipients. The
signed token of the return path says which copy is meant; the report only whether it failed, and in which words.
All work is bounded, for the message comes from strangers.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mailbridge.headers import Field, fields, split
from store.terms import ENHANCED

_OCTETS: Final = 1024 * 1024  # of the message; a report that has not come to the point by then has none
_PARTS: Final = 20  # a report has three (RFC 6522 3)
_REPORT_OCTETS: Final = 256 * 1024  # of the status part
_RECIPIENTS: Final = 100  # blocks of it that are looked at
_TEXT: Final = 500  # characters kept of a diagnostic, an address
_STATUS_TYPES: Final = (b"message/delivery-status", b"message/global-delivery-status")  # RFC 3464, RFC 6533
_PARAMETER: Final = re.compile(rb';\s*([a-z0-9!#$&^_.+-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"()]+))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Failure:
    """A recipient whose delivery the report calls failed; each text is one line, "" where the report is silent.

    `enhanced` is the RFC 3463 code of `Status`, `diagnostic` the last hop's own words, `recipient` whom the report
    names (to be shown, never to be acted on).
    """

    enhanced: str
    diagnostic: str
    recipient: str


def failed(raw: bytes) -> Failure | None:
    """Return the first failed recipient of a delivery report, or None if `raw` is none or none failed for good.

    Delayed, relayed, expanded and delivered are not failures (RFC 3464 2.3.3), nor are vacation notices, complaints or
    prose. Takes any octets and raises nothing.
    """
    head, body = split(raw[:_OCTETS])
    kind, parameters = _content_type(fields(head))
    report_type = parameters.get(b"report-type", b"delivery-status").lower()
    boundary = parameters.get(b"boundary", b"")
    if kind != b"multipart/report" or report_type != b"delivery-status" or not boundary:
        return None
    for part in _parts(body, boundary):
        part_head, content = split(part)
        found = fields(part_head)
        if _content_type(found)[0] in _STATUS_TYPES:
            return _first_failed(_decoded(content[:_REPORT_OCTETS], found))
    return None


def _first_failed(content: bytes) -> Failure | None:
    """The status part: blocks of fields with blank lines between them, the first about the message (RFC 3464 2.1)."""
    blocks = re.split(rb"\n[ \t]*\n+", content.replace(b"\r\n", b"\n").strip(b"\n"), maxsplit=_RECIPIENTS)
    # Some reports have the recipient in the first block, so every block is asked for its action.
    for block in blocks[:_RECIPIENTS]:
        found = {field.name: field.value for field in reversed(fields(block + b"\n"))}
        if _word(found.get(b"action", b"")) == b"failed":
            status = ENHANCED.match(_text(found.get(b"status", b"")))
            return Failure(
                enhanced=status[0] if status else "",
                diagnostic=_text(_typed(found.get(b"diagnostic-code", b""))),
                recipient=_text(_typed(found.get(b"final-recipient", found.get(b"original-recipient", b"")))),
            )
    return None


def _parts(body: bytes, boundary: bytes) -> Iterator[bytes]:
    """The first parts of a multipart body, without their delimiters (RFC 2046 5.1.1)."""
    delimiter = re.compile(rb"(?:^|\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|$)")
    start = None
    for count, match in enumerate(delimiter.finditer(body)):
        if start is not None:
            yield body[start : match.start()].lstrip(b"\r\n") + b"\n"
        if match[1] or count >= _PARTS:
            return
        start = match.end()
    if start is not None:  # the closing delimiter is missing: cut off on the way, or by our bound
        yield body[start:].lstrip(b"\r\n") + b"\n"


def _content_type(found: list[Field]) -> tuple[bytes, dict[bytes, bytes]]:
    value = next((field.value for field in found if field.name == b"content-type"), b"")[:2_000]
    parameters = {
        name.lower(): re.sub(rb"\\(.)", rb"\1", quoted) or bare for name, quoted, bare in _PARAMETER.findall(value)
    }
    return _word(value), parameters


def _decoded(content: bytes, found: list[Field]) -> bytes:
    """The part without its transfer encoding, which RFC 3464 forbids here and some systems use all the same."""
    encoding = next((_word(field.value) for field in found if field.name == b"content-transfer-encoding"), b"")
    if encoding == b"base64":
        letters = re.sub(rb"[^A-Za-z0-9+/]", b"", content)
        return binascii.a2b_base64(letters[: len(letters) - (len(letters) % 4 == 1)] + b"==")
    return binascii.a2b_qp(content) if encoding == b"quoted-printable" else content


def _word(value: bytes) -> bytes:
    """The leading word of a structured value, lower-case: `failed (bad address)` is `failed`."""
    match = re.match(rb"[^\s;(]+", value)
    return match[0].lower() if match else b""


def _typed(value: bytes) -> bytes:
    """`smtp; 550 no such person` without its type."""
    kind, semicolon, rest = value.partition(b";")
    return rest if semicolon and re.fullmatch(rb"\s*[A-Za-z0-9-]+\s*", kind) else value


def _text(value: bytes) -> str:
    decoded = value[: 8 * _TEXT].decode("utf-8", "replace")
    flat = "".join(c if unicodedata.category(c) not in {"Cc", "Cf", "Zl", "Zp"} else " " for c in decoded)
    return " ".join(flat.split())[:_TEXT]
