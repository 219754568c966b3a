"""Why a mail came back: a table of enhanced code, SMTP code and words; the first row that holds decides. Pure.

What is about us, the author or the post is looked for before what is about the mailbox, for a policy's refusal often
says "recipient rejected" too, and must never be counted against the contact. The codes are RFC 3463's and the
registries' that followed it; providers use some of them for other things, so words that leave no doubt come first.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from mailbridge.bounce import words
from store.terms import BounceReason as Reason

_ADDRESS = re.compile(r"<[^<>\s]*@[^<>\s]*>|[^\s<>\"'(]+@[^\s<>\"')]+|https?://\S+")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: everything given must hold. `enhanced` must match the whole enhanced code, "" where there is none."""

    reason: Reason
    enhanced: str | None = None
    words: re.Pattern[str] | None = None
    codes: Collection[int] = frozenset()

    def holds(self, enhanced: str, code: int | None, text: str) -> bool:
        """True if the row is about this failure. `text` is without addresses."""
        return (
            (not self.codes or code in self.codes)
            and (self.enhanced is None or re.fullmatch(self.enhanced, enhanced) is not None)
            and (self.words is None or self.words.search(text) is not None)
        )


RULES: tuple[Rule, ...] = (
    # --- codes that mean one thing wherever they are heard
    Rule(Reason.AUTHENTICATION, r"[45]\.7\.(?:2[0-57-9]|3\d|509|515)"),  # RFC 7372, RFC 8617, Exchange
    Rule(Reason.AUTHENTICATION, r"[45]\.7\.26"),  # RFC 7489 11.1
    Rule(Reason.POLICY, r"[45]\.7\.(?:606|60[7-9]|6[1-4]\d|70[5-8]|750|511|50[1-8])"),  # Exchange: our address, tenant
    # --- words about the author, us and the post, whatever the code
    Rule(Reason.NO_MAIL, None, words.NULL_MX),
    Rule(Reason.SYSTEM, None, words.SPOOL),
    Rule(Reason.AUTHENTICATION, None, words.AUTHENTICATION),
    Rule(Reason.POLICY, None, words.US),
    Rule(Reason.CONTENT, None, words.CONTENT),
    # --- words about the mailbox that leave no doubt
    Rule(Reason.MAILBOX_FULL, None, words.FULL),
    Rule(Reason.MOVED, r"[45]\.1\.6"),
    Rule(Reason.MOVED, None, words.MOVED),
    Rule(Reason.SIZE, None, words.SIZE),
    Rule(Reason.SUSPENDED, None, words.SUSPENDED),
    Rule(Reason.AUTHENTICATION, None, words.AUTHOR),
    Rule(Reason.RESTRICTED, None, words.RESTRICTED),
    Rule(Reason.EXPIRED, None, words.GAVE_UP),
    Rule(Reason.HOST_UNKNOWN, None, words.HOST),
    Rule(Reason.USER_UNKNOWN, None, words.UNKNOWN),
    Rule(Reason.NO_MAIL, None, words.NO_MAIL),
    Rule(Reason.EXPIRED, None, words.EXPIRED),
    Rule(Reason.NETWORK, None, words.NETWORK),
    Rule(Reason.SYSTEM, None, words.SYSTEM),
    Rule(Reason.POLICY, r"[45]\.7\.\d+", words.POLICY),
    Rule(Reason.USER_UNKNOWN, None, words.REFUSED),
    # --- what the code alone says
    Rule(Reason.AUTHENTICATION, r"[45]\.1\.[78]"),
    Rule(Reason.USER_UNKNOWN, r"5\.1\.(?:0|1|3|10)"),
    Rule(Reason.HOST_UNKNOWN, r"5\.1\.2|5\.4\.4"),
    Rule(Reason.NO_MAIL, r"5\.3\.2|5\.1\.10", None, {521, 556}),
    Rule(Reason.MAILBOX_FULL, r"[45]\.2\.2"),
    Rule(Reason.SUSPENDED, r"[45]\.2\.1|5\.7\.13"),
    Rule(Reason.SIZE, r"[45]\.(?:2\.3|3\.4)"),
    Rule(Reason.EXPIRED, r"[45]\.4\.7|4\.4\.1|4\.4\.2|4\.\d\.947"),
    Rule(Reason.NETWORK, r"[45]\.4\.\d+"),
    Rule(Reason.CONTENT, r"[45]\.6\.\d+"),
    Rule(Reason.POLICY, r"[45]\.7\.\d+"),
    Rule(Reason.RESTRICTED, r"5\.2\.\d+|5\.1\.\d+"),
    Rule(Reason.SYSTEM, r"[45]\.3\.\d+|[45]\.5\.\d+"),
    Rule(Reason.MOVED, None, None, {551}),
    Rule(Reason.NO_MAIL, None, None, {521, 556}),
    Rule(Reason.POLICY, None, words.POLICY),
)


def classify(enhanced: str, code: int | None, text: str, beside: str = "") -> Reason:
    """The reason of a failure: its RFC 3463 code or "", its SMTP code or None, and what was said, at any length.

    `beside` is what the report says around it, which may show when it was said.
    """
    said = " ".join(text[:4_000].split())
    bare = _ADDRESS.sub(" ", said)
    # A recipient refused at RCPT is unknown; one refused in the same words after the mail was seen, by a filter.
    if words.PLAINLY_UNKNOWN.search(bare) and _after_data(f"{said} {beside[:4_000]}"):
        return Reason.RESTRICTED
    if words.ITSELF.search(said):
        return Reason.USER_UNKNOWN
    for rule in RULES:
        if rule.holds(enhanced, code, bare):
            return rule.reason
    return Reason.UNCLEAR


def _after_data(said: str) -> bool:
    flat = " ".join(said.split())
    return words.AFTER_DATA.search(flat) is not None and words.PIPELINED.search(flat) is None
