"""What a hop's reply means, and whose fault a refusal is: a table, first match decides. Pure.

What must never happen is a contact counted as failing for our quota, our missing permission or our reputation; so what
can be about us is looked for first, and what stays doubtful is left unclear, for a streak of equal refusals to decide.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from mailbridge.deliver import phrases
from store.terms import DeliveryState, Fault, Outcome, Reply, Stage

LOST = (
    421  # what we note as reply when a connection ends without one: the code with which a hop ends one (RFC 5321 3.8)
)

_ANY = frozenset(Stage)
_OPENING = frozenset({Stage.CONNECT, Stage.EHLO, Stage.STARTTLS, Stage.AUTH})
_MAIL = frozenset({Stage.MAIL})
_RCPT = frozenset({Stage.RCPT})
_CONTENT = frozenset({Stage.DATA, Stage.DOT})

_VAGUE = r"|5\.[0235]\.0|5\.7\.\d+"  # none, or one that says too little: the text decides
# qmail and its heirs put the enhanced code at the end of the text: "(#5.1.1)".
_TRAILING = re.compile(r"#(5\.\d{1,3}\.\d{1,3})\b")
_ADDRESS = re.compile(r"<[^<>]*>|[^\s<>]+@[^\s<>]+")


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: everything given must hold. `enhanced` must match the whole enhanced code, "" where there is none."""

    fault: Fault
    stages: frozenset[Stage] = _ANY
    enhanced: str | None = None
    words: re.Pattern[str] | None = None
    codes: frozenset[int] = frozenset()

    def holds(self, stage: Stage, code: int, enhanced: str, text: str) -> bool:
        """True if the row is about this refusal. `text` is the reply's without addresses."""
        return (
            stage in self.stages
            and (not self.codes or code in self.codes)
            and (self.enhanced is None or re.fullmatch(self.enhanced, enhanced) is not None)
            and (self.words is None or self.words.search(text) is not None)
        )


RULES: tuple[Rule, ...] = (
    Rule(Fault.US, _OPENING),
    # MAIL carries SIZE, BODY and SMTPUTF8, so it is refused for the post's sake too; else it is about who sends.
    Rule(Fault.POST, _MAIL, r"5\.(?:3\.4|2\.3|6\.\d+)"),
    Rule(Fault.POST, _MAIL, _VAGUE, phrases.SIZE, frozenset({552})),
    Rule(Fault.US, _MAIL),
    # RFC 5321 4.5.3.1.10: 552 for one recipient too many means 452; the rest go in a transaction of their own.
    Rule(Fault.NOBODY, _RCPT, None, phrases.MANY_RECIPIENTS),
    # Exchange's groups and mailboxes that take mail from some people only: their choice, though it speaks of us.
    Rule(Fault.RECIPIENT, _ANY, None, phrases.RESTRICTED),
    Rule(Fault.RECIPIENT, _ANY, r"5\.7\.1(?:2\d|3[0-8])"),
    # --- about us, wherever it is said
    Rule(Fault.US, codes=frozenset({530, 534, 535, 538})),  # RFC 4954 6: authentication
    Rule(Fault.US, _ANY, r"5\.1\.(?:7|8|90)"),  # the sender's address; 90 is Exchange's daily count of recipients
    Rule(Fault.US, _ANY, r"5\.2\.252|5\.4\.5"),  # Exchange: no right to send as; Gmail: our daily quota
    Rule(Fault.US, _ANY, r"5\.3\.[25]|5\.5\.[1-4]"),  # the hop is closed or misconfigured, or we do not talk its way
    Rule(Fault.US, _ANY, r"5\.7\.(?:[89]|10|11|25|27)", None, frozenset({534, 535, 538, 550})),  # RFC 4954, RFC 7372
    # Exchange Online: relaying, permission, banned senders and addresses, tenant quotas, our domain's authentication.
    Rule(Fault.US, _ANY, r"5\.7\.(?:5[47]|6[04]|139|23[0-9]|50[1-9]|51[0-5]|60[6-9]|6[1-4]\d|70[5-8]|750)"),
    Rule(Fault.US, _ANY, _VAGUE, phrases.QUOTA),
    Rule(Fault.US, _ANY, _VAGUE, phrases.RELAYING),
    Rule(Fault.US, _ANY, _VAGUE, phrases.SENDER),
    Rule(Fault.US, _ANY, _VAGUE, phrases.REPUTATION),
    # --- about the mailbox
    Rule(Fault.RECIPIENT, _ANY, r"5\.2\.[124]|5\.1\.\d+"),
    Rule(Fault.RECIPIENT, _RCPT, r"5\.4\.\d+"),
    Rule(Fault.RECIPIENT, _CONTENT, r"5\.4\.(?:1|4|310|312)"),
    Rule(Fault.RECIPIENT, _ANY, _VAGUE, phrases.UNKNOWN),
    # --- about the post
    Rule(Fault.POST, _ANY, r"5\.(?:3\.4|2\.3|6\.\d+|4\.6|4\.14)"),
    Rule(Fault.POST, _CONTENT, r"5\.7\.\d+"),
    Rule(Fault.POST, _CONTENT, _VAGUE, phrases.SIZE),
    Rule(Fault.POST, _CONTENT, _VAGUE, phrases.CONTENT),
    # --- what is left
    Rule(Fault.UNCLEAR, _CONTENT),
    Rule(Fault.UNCLEAR, _RCPT, r"5\.2\.0|5\.7\.\d+"),
    Rule(Fault.UNCLEAR, _RCPT, _VAGUE, phrases.POLICY),
    Rule(Fault.UNCLEAR, _RCPT, codes=frozenset({500, 502, 503, 521, 554, 555})),
    Rule(Fault.RECIPIENT, _RCPT),
)


def blame(stage: Stage, reply: Reply, ours: Collection[str] = ()) -> Fault:
    """Whose fault a refusal is; a 4xx is nobody's.

    `ours` are lower-case names of ours (host name, domains): a vague refusal before the content that names one is about
    us. An address in the text is not looked into for them, nor for words.
    """
    if not reply.permanent:
        return Fault.NOBODY
    text = _ADDRESS.sub(" ", reply.text)
    trailing = _TRAILING.search(reply.text)
    enhanced = reply.enhanced or (trailing[1] if trailing else "")
    for rule in RULES:
        if rule.holds(stage, reply.code, enhanced, text):
            vague = rule.fault is Fault.UNCLEAR or rule.words is phrases.CONTENT or enhanced.startswith("5.7.")
            if vague and rule.fault is not Fault.RECIPIENT and any(name in text.lower() for name in ours if name):
                return Fault.US
            return rule.fault
    return Fault.UNCLEAR


def conclude(stage: Stage, reply: Reply, ours: Collection[str] = ()) -> Outcome:
    """The outcome of one recipient from the reply that decided it.

    Relayed only by a 2xx to the dot; failed only where it is the recipient's fault; deferred otherwise, and `fault`
    says what waits.
    """
    if reply.positive:
        return Outcome(DeliveryState.RELAYED, reply, stage)
    fault = blame(stage, reply, ours)
    state = DeliveryState.FAILED if fault is Fault.RECIPIENT else DeliveryState.DEFERRED
    return Outcome(state, reply, stage, fault)


def broken(stage: Stage, reply: Reply, *, uncertain: bool) -> Outcome:
    """The outcome when the connection ended before the reply: tried again. `uncertain`: after the dot (RFC 1047)."""
    return Outcome(DeliveryState.DEFERRED, reply, stage, Fault.NOBODY, uncertain)


def lost(text: str) -> Reply:
    """Stands in for the reply of a hop that gave none (RFC 3463: X.4.2, bad connection)."""
    return Reply(LOST, "4.4.2", text)
