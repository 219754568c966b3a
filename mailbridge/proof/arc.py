"""The ARC chain of a message (RFC 8617): whether those who passed it on have sealed what they found.

A chain proves nothing about the author by itself, for its sealers vouch only for each other; it is reported.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

from mailbridge.headers import Field
from mailbridge.proof import keys
from mailbridge.proof.answers import TextsOf
from mailbridge.proof.body import Body
from mailbridge.proof.engine import FAULTS, Chain, bounded
from mailbridge.proof.tags import BadTags, compact, parse

MOST_SETS = 50  # RFC 8617 4.2.1
MOST_KEYS = 20  # different ones: each is a question to the DNS
_LONGEST_RESULTS = 32_768
_SIGNED = frozenset({b"arc-seal", b"arc-message-signature"})
_RESULTS = b"arc-authentication-results"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63}){0,20}")


@dataclass(frozen=True, slots=True)
class ArcResult:
    """`result` is none, pass, fail or temperror (RFC 8617 5.2); `sealer` the domain of the newest seal, or ""."""

    result: str
    sealer: str = ""


def key_names(fields: Sequence[Field]) -> tuple[str, ...] | None:
    """Where the keys of the chain are published; empty without a chain; None where it is no sensible chain."""
    sets = [field for field in fields if field.name in _SIGNED or field.name == _RESULTS]
    names: dict[str, None] = {}
    for field in sets:
        if field.name == _RESULTS:
            # It has many blanks, and only its relaxed form is ever looked at.
            if len(field.raw) > _LONGEST_RESULTS:
                return None
            continue
        try:
            tags = parse(field.value) if bounded(field) else {}
        except BadTags:
            return None
        domain, selector = tags.get("d", ""), tags.get("s", "")
        if not (_NAME.fullmatch(domain) and _NAME.fullmatch(selector)):
            return None
        names[f"{selector}._domainkey.{domain}".lower()] = None
    return tuple(names) if len(sets) <= 3 * MOST_SETS and len(names) <= MOST_KEYS else None


def validate(fields: Sequence[Field], body: Body, texts: TextsOf) -> ArcResult:
    """The chain's state, with the TXT records of all `key_names`."""
    names = key_names(fields)
    if names is None:
        return ArcResult("fail")
    if not any(field.name in _SIGNED or field.name == _RESULTS for field in fields):
        return ArcResult("none")
    if any(texts.get(name) is None for name in names):
        return ArcResult("temperror")

    def ask(name: bytes, **_: object) -> bytes:
        try:
            return keys.read(texts.get(name.decode("ascii", "replace").lower().rstrip("."))).record
        except keys.BadKey:
            return b""

    def agrees(canonical: str, digest: str, length: str) -> bool:
        hashed = body.hashed(relaxed=canonical.partition("/")[2] == "relaxed")
        try:
            same = base64.b64decode(compact(digest)) == hashed.digest
        except (binascii.Error, ValueError):
            return False
        return same and (not length or length == str(hashed.size))

    try:
        state, sets, _ = Chain(fields, agrees).verify(dnsfunc=ask)
    except FAULTS:
        return ArcResult("fail")
    sealer = str(sets[0]["as-domain"], "ascii", "replace").lower() if sets and "as-domain" in sets[0] else ""
    return ArcResult({b"pass": "pass", b"none": "none"}.get(state, "fail"), sealer)
