"""DMARC (RFC 9989): which domains belong together, what the author's domain asks for, and who is aligned with it.

The tree walk of 4.10 takes the place of the Public Suffix List: who runs a domain publishes where an organisation ends.
There is no `pct` any more. Pure: the records come in by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from mailbridge.proof.answers import TextsOf
from mailbridge.proof.tags import BadTags, parse

MOST_CONTENDERS = 5
MOST_STEPS = 8  # RFC 9989 4.10: a long name must not cost a question a label
_REQUESTS = frozenset({"none", "quarantine", "reject"})


class Unknown(Exception):  # noqa: N818 - an answer
    """A record that would decide could not be read."""


class Result(StrEnum):
    """RFC 8601 2.7.1 for DMARC. `NONE`: nobody publishes a policy."""

    PASS = "pass"  # noqa: S105 - a word of the standard
    FAIL = "fail"
    NONE = "none"
    TEMPERROR = "temperror"


@dataclass(frozen=True, slots=True)
class Record:
    """One DMARC record. `p`, `sp` and `np` are requests, the last two "" where absent; `psd` is y, n or u."""

    p: str
    sp: str
    np: str
    adkim_strict: bool
    aspf_strict: bool
    psd: str
    testing: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """What applies to an author's domain: the record, where it stands, and whether that is the domain itself."""

    record: Record
    domain: str
    own: bool

    def request(self, *, exists: bool) -> str:
        """What is asked for mail that fails: none, quarantine or reject; a test asks for nothing (t=y)."""
        return "none" if self.record.testing else self.wish(exists=exists)

    def wish(self, *, exists: bool) -> str:
        """What is asked for, or will be after a test."""
        record = self.record
        if self.own:
            return record.p
        return (record.np if not exists else "") or record.sp or record.p


@dataclass(frozen=True, slots=True)
class Verdict:
    """`aligned` is "dkim", "spf" or "": what ties the author to the message, with a DMARC record or without.

    `result` is DMARC's own word; `policy` what applies, or None.
    """

    result: Result
    aligned: str
    policy: Policy | None


def name(domain: str) -> str:
    """Where a domain's record would stand."""
    return f"_dmarc.{domain}"


def steps(domain: str) -> tuple[str, ...]:
    """The domains of a tree walk from `domain` up, at most eight (RFC 9989 4.10)."""
    labels = domain.split(".")
    rest = labels[1:] if len(labels) < MOST_STEPS else labels[-(MOST_STEPS - 1) :]
    return (domain, *(".".join(rest[at:]) for at in range(len(rest))))


def read(texts: tuple[bytes, ...]) -> Record | None:
    """The one DMARC record among TXT records; two are none (RFC 9989 4.10 step 2). Unknown tags mean nothing."""
    records = [tags for text in texts if (tags := _tags(text)) is not None]
    if len(records) != 1:
        return None
    tags = records[0]
    requests = [tags.get(tag, "").lower() for tag in ("p", "sp", "np")]
    # RFC 9989 4.7: no p is p=none. A request that is none of the three makes all of them void.
    if any(request and request not in _REQUESTS for request in requests):
        requests = ["none", "", ""]
    psd = tags.get("psd", "u").lower()
    return Record(
        p=requests[0] or "none",
        sp=requests[1],
        np=requests[2],
        adkim_strict=tags.get("adkim", "r").lower() == "s",
        aspf_strict=tags.get("aspf", "r").lower() == "s",
        psd=psd if psd in ("y", "n") else "u",
        testing=tags.get("t", "n").lower() == "y",
    )


def organisation(domain: str, texts: TextsOf) -> str:
    """The organisational domain of `domain` (RFC 9989 4.10.2). Raises Unknown."""
    return _walk(domain, texts)[0]


def discover(domain: str, texts: TextsOf) -> Policy | None:
    """The policy that applies to an author's `domain` (RFC 9989 4.10.1), or None. Raises Unknown."""
    organisational, found = _walk(domain, texts)
    suffix = next((at for at, record in found.items() if record.psd == "y" and at != domain), "")
    for at in (domain, organisational, suffix):
        if at in found:
            return Policy(found[at], at, at == domain)
    return None


def asks(domain: str, texts: TextsOf, *, exists: bool) -> bool:
    """Whether mail of `domain` that nothing is aligned with is to be refused or set apart.

    Yes where nobody answered: a From that was replaced in vain harms less than mail that is refused. And yes for a test
    (t=y): receivers that know only RFC 7489 read such a record without it.
    """
    try:
        policy = discover(domain, texts)
    except Unknown:
        return True
    return policy is not None and policy.wish(exists=exists) != "none"


def own(author: str, signed: Iterable[str], texts: TextsOf) -> frozenset[str]:
    """Those of the domains that `signed` which are aligned with `author`'s; not those of which nobody answered."""
    found = set()
    for one in contenders(author, signed):
        with suppress(Unknown):
            if one == author or _belongs(one, author, "dkim", discover(author, texts), texts):
                found.add(one)
    return frozenset(found)


def contenders(author: str, domains: Iterable[str]) -> tuple[str, ...]:
    """Those of `domains` that may belong with `author`'s, the likeliest first; the others cannot be aligned."""
    labels = author.split(".")
    shared = {one: _shared(labels, one.split(".")) for one in domains}
    likely = [one for one in sorted(shared, key=lambda one: (one != author, -shared[one])) if shared[one]]
    return tuple(likely[:MOST_CONTENDERS])


def questions(author: str, domains: Iterable[str]) -> tuple[str, ...]:
    """The names whose TXT records `evaluate` needs, given the domains that passed."""
    walks = [steps(author), *(steps(one) for one in contenders(author, domains) if one != author)]
    return tuple(dict.fromkeys(name(at) for walk in walks for at in walk))


def evaluate(author: str, signed: Iterable[str], sender: str, texts: TextsOf) -> Verdict:
    """Whether one of the domains that `signed`, or `sender` (the return path's, if SPF passed for it), is the author's.

    DKIM is preferred: it says that the author's domain wrote these octets, SPF only that a server of it sent them.
    A domain that is exactly the author's needs no record to be so; relatives need the organisation's word.
    """
    try:
        policy, known = discover(author, texts), True
    except Unknown:
        policy, known = None, False
    aligned = ""
    for method, domains in (("dkim", signed), ("spf", (sender,) if sender else ())):
        for one in contenders(author, domains):
            try:
                if not aligned and _belongs(one, author, method, policy, texts):
                    aligned = method
            except Unknown:
                known = False
    if policy is None:
        return Verdict(Result.NONE if known else Result.TEMPERROR, aligned, None)
    if aligned:
        return Verdict(Result.PASS, aligned, policy)
    return Verdict(Result.FAIL if known else Result.TEMPERROR, "", policy)


def _belongs(one: str, author: str, method: str, policy: Policy | None, texts: TextsOf) -> bool:
    """Whether `one` is aligned with `author`: the same, or under relaxed alignment of the same organisation."""
    if one == author or policy is None:
        return one == author
    record = policy.record
    strict = record.adkim_strict if method == "dkim" else record.aspf_strict
    return not strict and organisation(one, texts) == organisation(author, texts)


def _shared(one: list[str], other: list[str]) -> int:
    """How many labels two names have in common, from the right."""
    count = 0
    for left, right in zip(reversed(one), reversed(other), strict=False):
        if left != right:
            break
        count += 1
    return count


def _walk(domain: str, texts: TextsOf) -> tuple[str, dict[str, Record]]:
    """The organisational domain, and the records met on the way up."""
    found: dict[str, Record] = {}
    for at in steps(domain):
        answer = texts.get(name(at))
        if answer is None:
            raise Unknown(at)
        record = read(answer)
        if record is not None:
            found[at] = record
            if record.psd == "n":
                return at, found
            # The start itself may be a public suffix that writes mail: it is then its own organisation.
            if record.psd == "y" and at != domain:
                return _below(domain, at), found
    return (min(found, key=lambda at: at.count(".")) if found else domain), found


def _below(domain: str, suffix: str) -> str:
    """The domain one label below `suffix`, on the way to `domain`."""
    return ".".join(domain.split(".")[-suffix.count(".") - 2 :])


def _tags(text: bytes) -> dict[str, str] | None:
    """The tags of a DMARC record, or None. The version stands first and is exact (RFC 9989 4.7)."""
    first, _, rest = text.partition(b";")
    version, _, value = first.partition(b"=")
    if version.strip() != b"v" or value.strip() != b"DMARC1":
        return None
    tags: dict[str, str] = {}
    for part in rest.split(b";"):
        # What is not a tag is passed over, and the first of two counts: later ones cannot change what was read.
        try:
            for tag, content in parse(part).items():
                tags.setdefault(tag.lower(), content)
        except BadTags:
            continue
    return tags
