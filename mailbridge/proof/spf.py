"""SPF (RFC 7208): whether the client may send for a return path's domain. Pure: it stops at what it does not know.

pyspf evaluates; its questions to the DNS are answered from a table, and one that is not there yet ends the attempt.
Whoever calls looks it up and calls again: a record takes at most 10 + 2 answers or so, and each attempt a millisecond.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import spf

# RFC 7208 4.6.4 counts terms, not questions: 10 terms may be 10 MX records of 10 hosts each.
MOST_QUESTIONS = 120
_LONGEST_RECORD = 4_096
_LONGEST_PROBLEM = 200
_NAME_OCTETS = 253


class Question(BaseException):  # not an Exception: pyspf turns those into results
    """Something has to be looked up first: records of `kind` (A, AAAA, MX, PTR, TXT) at `name`."""

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(name, kind)
        self.name = name
        self.kind = kind


# By (name, kind): addresses and names as text, MX as (preference, host), TXT as octets; None where nobody answered.
Known = Mapping[tuple[str, str], tuple[Any, ...] | None]


@dataclass(frozen=True, slots=True)
class Spf:
    """`result` is a keyword of RFC 7208 2.6. `domain` is the one checked: the return path's, or HELO's for a bounce.

    `problem` is the evaluator's own word on a permerror, for whoever publishes the record.
    """

    result: str
    domain: str
    helo: bool = False
    problem: str = field(default="", compare=False)


class _Query(spf.query):  # type: ignore[misc]  # pyspf has no types
    def __init__(self, client: str, sender: str, helo: str, known: Known) -> None:
        super().__init__(client, sender, helo, strict=True)
        self._known = known

    def dns(self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False) -> list[Any]:
        name = str(name).rstrip(".").lower()
        if len(name) > _NAME_OCTETS or not all(0 < len(label) < 64 for label in name.split(".")):
            return []
        if (name, qtype) not in self._known:
            raise Question(name, qtype)
        found = self._known[name, qtype]
        if found is None:
            raise spf.TempError("no answer from the DNS")
        if qtype == "TXT":
            # An attempt reads its records again; a long one is nobody's honest policy.
            if any(len(text) > _LONGEST_RECORD for text in found):
                raise spf.PermError("a record is too long")
            found = tuple([text] for text in found)
        if not found and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError("too many questions without an answer")
        return list(found)

    def validated_ptrs(self) -> list[str]:
        """The client's names that lead back to it; those nobody answers about are passed over (RFC 7208 5.5)."""
        try:
            names = self.dns_ptr(self.i)[: spf.MAX_PTR]
        except spf.TempError:
            return []
        return [name for name in names if self._confirms(name)]

    def _confirms(self, name: str) -> bool:
        try:
            return bool(self.cidrmatch(self.dns_a(name, self.A), self.cidrmax))
        except spf.TempError:
            return False

    def get_explanation(self, spec: str) -> None:
        """None: the text of a stranger is shown to nobody, and not worth a question."""


def check(client: str, return_path: str, helo: str, known: Known) -> Spf:
    """SPF for mail from `client`, an IP address, with what is known so far. Raises Question."""
    domain = (return_path.rpartition("@")[2] if return_path else helo).lower().rstrip(".")
    if not domain or domain.startswith("["):
        return Spf("none", domain, not return_path)
    problem = ""
    try:
        result, _, words = _Query(client, return_path, helo, known).check()
        problem = str(words)[:_LONGEST_PROBLEM] if result == "permerror" else ""
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError, spf.PermError):
        # A record on which the evaluator slips is a record that means nothing.
        result = "permerror"
    return Spf(result, domain, not return_path, problem)
