"""Survival: which DKIM signatures that held over a message as it came still hold over the Edition made of it.

A signature covers the canonical form of the fields it names and of the body (RFC 6376 3.7). One that held when the
message came holds after our changes if both are what they were, so it takes no key and no answer of the DNS to tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from mailbridge.headers import Field
from mailbridge.proof.body import Body
from mailbridge.proof.tags import BadTags, parse
from mailbridge.rewrite import canonical
from mailbridge.rewrite.lines import CRLF

_SIGNATURE: Final = b"dkim-signature"


@dataclass(frozen=True, slots=True)
class Content:
    """A message as signatures see it: its fields, and its body as `headers.split` gives it, with the blank line."""

    fields: Sequence[Field]
    body: bytes


def surviving(
    before: Content, after: Content, above: Collection[bytes], places: Iterable[int], moment: datetime
) -> frozenset[int]:
    """Those of the signatures at `places` (in `before.fields`) that hold over `after` at `moment` (aware), once those
    that do not are taken out.

    `above` are names (lower-case) of fields that will still be put on top: h= counts from below, but a signature that
    names one more often than it is there says that there is no other (RFC 6376 5.4.2).
    """
    bodies, was = _Bodies(before.body, after.body), _by_name(before.fields)
    left, fields = frozenset(at for at in places if 0 <= at < len(before.fields)), after.fields
    while True:
        becomes = _by_name(fields)
        holding = frozenset(
            at
            for at in left
            if before.fields[at] in becomes.get(_SIGNATURE, ())
            and _holds(before.fields[at], was, becomes, above, bodies, moment)
        )
        if holding == left:
            return holding
        # A signature may cover another one.
        fields, left = without(fields, [before.fields[at] for at in left - holding]), holding


def without(fields: Sequence[Field], gone: Sequence[Field]) -> list[Field]:
    """The fields but for those `gone`."""
    return [field for field in fields if field not in gone] if gone else list(fields)


class _Bodies:
    """Whether two bodies have one canonical form, worked out once for each form."""

    def __init__(self, before: bytes, after: bytes) -> None:
        self._pair = before, after
        self._known: dict[bool, bool] = {}

    def same(self, *, relaxed: bool) -> bool:
        if relaxed not in self._known:
            before, after = self._pair
            self._known[relaxed] = before == after or _hash(before, relaxed) == _hash(after, relaxed)
        return self._known[relaxed]


def _hash(body: bytes, relaxed: bool) -> bytes:
    return Body(body, len(CRLF) if body.startswith(CRLF) else 0).hashed(relaxed=relaxed).digest


def _holds(
    signature: Field,
    was: dict[bytes, list[Field]],
    becomes: dict[bytes, list[Field]],
    above: Collection[bytes],
    bodies: _Bodies,
    moment: datetime,
) -> bool:
    try:
        tags = parse(signature.value)
        # A held post may be released after its signature's end.
        expired = "x" in tags and int(tags["x"]) < moment.timestamp()
    except (BadTags, ValueError):
        return False
    head, _, body = tags.get("c", "simple").partition("/")
    if expired or not bodies.same(relaxed=body == "relaxed"):
        return False
    named = Counter(name.strip().lower().encode("ascii", "replace") for name in tags.get("h", "").split(":"))
    return all(
        not (name in above and count > len(was.get(name, ())))
        and _canonical(was.get(name, ()), count, head) == _canonical(becomes.get(name, ()), count, head)
        for name, count in named.items()
    )


def _canonical(fields: Sequence[Field], count: int, form: str) -> list[bytes]:
    """What the last `count` fields of one name are hashed as."""
    return [canonical.field(one) if form == "relaxed" else one.raw for one in fields[-count:]]


def _by_name(fields: Iterable[Field]) -> dict[bytes, list[Field]]:
    found: dict[bytes, list[Field]] = {}
    for field in fields:
        found.setdefault(field.name, []).append(field)
    return found
