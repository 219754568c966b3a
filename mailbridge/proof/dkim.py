"""DKIM signatures of a message (RFC 6376): which there are, and what each one proves.

Stricter than the standard where a signature is to stand for a person: all of the body, From and Subject must be signed,
and no field that readers show may stand twice (they show one and signatures cover another).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from mailbridge.headers import Field
from mailbridge.proof import keys
from mailbridge.proof.answers import Texts
from mailbridge.proof.body import Body
from mailbridge.proof.engine import Arithmetic, bounded, plain
from mailbridge.proof.tags import BadTags, compact, parse

# Each costs a question to the DNS and a computation, and nobody honest writes more.
MOST_TRIED = 10
MOST_NAMES = 200
_ALGORITHMS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}
_CANONICAL = re.compile(r"(simple|relaxed)(?:/(simple|relaxed))?")
_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_][a-z0-9_-]{0,62})*")
_NUMBER = re.compile(r"[0-9]{1,12}")
# RFC 5322 3.6 and RFC 2045: one of each, or readers choose.
_ONCE = frozenset(
    {
        *(b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id", b"in-reply-to"),
        *(b"references", b"mime-version", b"content-type", b"content-transfer-encoding", b"content-disposition"),
    }
)
_MUST_COVER = ("from", "subject")

# The result of RFC 8601 2.7.1 for each reason; reasons are names of the catalogue (`reason.dkim_<name>`).
RESULTS = {
    "": "pass",
    "body": "fail",
    "header": "fail",
    "expired": "fail",
    "missing": "permerror",
    "revoked": "permerror",
    "malformed": "permerror",
    "weak": "policy",
    "partial": "policy",
    "repeated": "policy",
    "unanswered": "temperror",
}


@dataclass(frozen=True, slots=True)
class Signature:
    """One DKIM-Signature that can be checked. `at` is its place among the message's fields."""

    at: int
    tags: dict[str, str]
    domain: str
    selector: str
    signed: tuple[str, ...]

    @property
    def key_name(self) -> str:
        """Where its key is published."""
        return f"{self.selector}._domainkey.{self.domain}"


@dataclass(frozen=True, slots=True)
class Checked:
    """What one signature is worth. `reason` is "" for a pass; `fragment` begins its b= (RFC 6008); `at` is its place
    among the message's fields, if it could be read."""

    domain: str
    selector: str
    fragment: str
    reason: str
    at: int = -1

    @property
    def result(self) -> str:
        return RESULTS[self.reason]


def signatures(fields: Sequence[Field], author_domain: str) -> tuple[list[Signature], list[Checked]]:
    """The signatures to check, those of the author's own domain and its relatives first, and those not worth it."""
    found: list[Signature] = []
    void: list[Checked] = []
    for at, field in enumerate(fields):
        if field.name == b"dkim-signature":
            one = _read(at, field)
            (found if isinstance(one, Signature) else void).append(one)  # type: ignore[arg-type]  # by its type
    found.sort(key=lambda one: not related(one.domain, author_domain))
    return found[:MOST_TRIED], void[:MOST_TRIED]


def related(one: str, other: str) -> bool:
    """Whether one domain is the other or lies below it."""
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def check(fields: Sequence[Field], body: Body, signature: Signature, texts: Texts, now: float) -> Checked:
    """What `signature` proves, with the TXT records of its key's name, at `now` (seconds of the epoch)."""
    return _checked(signature, _fault(fields, body, signature, texts, now))


def _fault(fields: Sequence[Field], body: Body, signature: Signature, texts: Texts, now: float) -> str:
    """The first reason why it does not hold, or ""."""
    tags = signature.tags
    if not plain(fields):
        return "malformed"
    counts = Counter(field.name for field in fields)
    if any(counts[name] > 1 for name in _ONCE):
        return "repeated"
    if any(counts[name.encode()] and name not in signature.signed for name in _MUST_COVER):
        return "partial"
    if "x" in tags and float(tags["x"]) < now:
        return "expired"
    try:
        key = keys.read(texts)
    except keys.BadKey as bad:
        return bad.reason
    if key.kind != _ALGORITHMS[tags["a"]] or (key.exact_domain and _agent_domain(tags) != signature.domain):
        return "malformed"
    canonical = _CANONICAL.fullmatch(tags.get("c", "simple"))
    assert canonical is not None
    hashed = body.hashed(relaxed=canonical[2] == "relaxed")
    # RFC 6376 8.2: what follows the signed octets is the attacker's. Nothing may follow.
    if "l" in tags and int(tags["l"]) != hashed.size:
        return "partial" if int(tags["l"]) < hashed.size else "body"
    if base64.b64decode(compact(tags["bh"])) != hashed.digest:
        return "body"
    return "" if Arithmetic(fields).holds(tags, signature.signed, signature.at, key.record) else "header"


def _read(at: int, field: Field) -> Signature | Checked:
    """The signature of one field, if it follows RFC 6376 3.5."""
    void = Checked("", "", "", "malformed")
    if not bounded(field):
        return void
    try:
        tags = parse(field.value)
    except BadTags:
        return void
    if any(name not in tags for name in ("v", "a", "b", "bh", "d", "h", "s")):
        return void
    signed = tuple(name.strip().lower() for name in tags["h"].split(":"))
    one = Signature(at, tags, tags["d"].lower().rstrip("."), tags["s"].lower(), signed)
    if not (_DOMAIN.fullmatch(one.domain) and _DOMAIN.fullmatch(one.selector)):
        return void
    if tags["a"] == "rsa-sha1":  # RFC 8301 3.1
        return _checked(one, "weak")
    return one if _sound(one) else _checked(one, "malformed")


def _sound(one: Signature) -> bool:
    tags = one.tags
    times = [tags[name] for name in ("t", "x", "l") if name in tags]
    agent = _agent_domain(tags)
    return (
        tags["v"] == "1"
        and tags["a"] in _ALGORITHMS
        and bool(_CANONICAL.fullmatch(tags.get("c", "simple")))
        and len(one.signed) <= MOST_NAMES
        and all(name.isascii() and name for name in one.signed)
        and "from" in one.signed
        and all(_NUMBER.fullmatch(number) for number in times)
        and not ("t" in tags and "x" in tags and int(tags["x"]) < int(tags["t"]))
        and "dns/txt" in tags.get("q", "dns/txt").replace(" ", "").lower().split(":")
        and (agent == one.domain or agent.endswith(f".{one.domain}"))
        and _base64(tags["b"])
        and _base64(tags["bh"])
    )


def _agent_domain(tags: dict[str, str]) -> str:
    """The domain of i=, which is d= where it is not given."""
    return tags.get("i", f"@{tags['d']}").rpartition("@")[2].lower().rstrip(".")


def _base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(compact(text), validate=True))
    except (binascii.Error, ValueError):
        return False


def _checked(one: Signature, reason: str) -> Checked:
    return Checked(one.domain, one.selector, compact(one.tags["b"])[:12], reason, one.at)
