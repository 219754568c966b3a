"""The rules in order. The first that hits decides; every rule asked goes into the trail, so "why was it held?" has an
answer.

Rows are read from top to bottom: loops and machines first, then bans and sizes, then the table "Who may post" of the
design. What is then accepted or held goes through a second table, of which every row is asked: each that hits holds the
post and is a reason on its card. What is refused stays refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from mailbridge.policy import replies, rules
from mailbridge.policy.facts import Facts
from store import posting
from store.sizes import show
from store.terms import Action, Decision, GroupKind, GroupPolicy, Reason, Reply, wire_limit

Question = Callable[[Facts, GroupPolicy], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """If every question is answered yes, `action` with `reason`. `name` is what the trail says."""

    name: str
    questions: tuple[Question, ...]
    action: Action
    reason: str = ""
    reply: Callable[[GroupPolicy], Reply] | None = None


def _of_author(question: posting.Question) -> Question:
    return lambda facts, group: question(posting.Author(facts.standing, facts.unchecked, facts.allowed), group)


def _owner(group: GroupPolicy) -> str:
    local, _, domain = group.route.rpartition("@")
    return f"{local}-owner@{domain}" if group.kind is GroupKind.GROUP else ""


def _over_receive(group: GroupPolicy) -> Reply:
    return replies.oversize(group, group.max_receive_size or 0)


def _over_send(group: GroupPolicy) -> Reply:
    return replies.oversize(group, group.max_send_size or 0)


def _banned(group: GroupPolicy) -> Reply:
    return replies.banned(group, _owner(group))


def _forbidden(group: GroupPolicy) -> Reply:
    return replies.not_permitted(group, _owner(group))


# Reasons that rest on what the checks found about the author, which is then told one by one.
_EXPLAINED = frozenset({"unproven", "unchecked"})
# What the session says where a row of the table refuses.
_REPLIES: Mapping[str, Callable[[GroupPolicy], Reply]] = {
    "unchecked_deferred": lambda group: replies.UNCHECKED,
    "unproven_refused": _forbidden,
    "refused": _forbidden,
}

CHAIN: tuple[Rule, ...] = (
    # RCPT has said it; a post that another group passes on, or that was on its way in, hears it here.
    Rule("archived", (rules.archived,), Action.REJECT, "group_archived", replies.archived),
    Rule("loop", (rules.looped,), Action.REJECT, "loop", lambda group: replies.LOOP),
    Rule("hops", (rules.too_many_hops,), Action.REJECT, "hops", lambda group: replies.TOO_MANY_HOPS),
    Rule("automatic", (rules.written_by_machine,), Action.DISCARD, "automatic"),
    Rule("banned", (rules.banned,), Action.REJECT, "banned", _banned),
    Rule("over_receive_size", (rules.over_receive_size,), Action.REJECT, "over_receive_size", _over_receive),
    Rule("over_send_size", (rules.over_send_size,), Action.REJECT, "over_send_size", _over_send),
    # Who may post: the design's table, which the bot asks too.
    *(
        Rule(row.name, tuple(map(_of_author, row.questions)), row.action, row.reason, _REPLIES.get(row.name))
        for row in posting.TABLE
    ),
)

# What holds a post whoever may post it, all of it told (Mailman's chain of hits). Those in charge and groups without
# moderation are spared: the design's table accepts them. A pause and a hold are
# for everybody's.
HOLDS: tuple[Rule, ...] = (
    Rule("recipients", (rules.doubtable, rules.too_many_recipients), Action.HOLD, "too_many_recipients"),
    Rule("unnamed", (rules.doubtable, rules.unnamed), Action.HOLD, "unnamed"),
    Rule("command_join", (rules.doubtable, rules.asks_to_join), Action.HOLD, "command_join"),
    Rule("command_leave", (rules.doubtable, rules.asks_to_leave), Action.HOLD, "command_leave"),
    Rule("command_help", (rules.doubtable, rules.asks_for_help), Action.HOLD, "command_help"),
    Rule("spam", (rules.spam,), Action.HOLD, "spam"),
    Rule("paused", (rules.paused,), Action.HOLD, "group_paused"),
    Rule("on_hold", (rules.on_hold,), Action.HOLD, "group_on_hold"),
)


def decide(facts: Facts, group: GroupPolicy) -> Decision:
    """The decision for one post to one group, with reasons, trail, and for a rejection the reply of the session."""
    trail: list[tuple[str, bool]] = []
    for rule in CHAIN:
        hit = all(question(facts, group) for question in rule.questions)
        trail.append((rule.name, hit))
        if hit:
            return _collected(_decision(rule, facts, group, tuple(trail)), facts, group)
    raise AssertionError("the last rule hits always")


def at_rcpt(group: GroupPolicy, declared_size: int | None) -> Reply | None:
    """What RCPT can already refuse: an archived group, and a declared size (RFC 1870) in octets above the group's
    limit. Else None."""
    if group.archived:
        return replies.archived(group)
    limit = rules.receive_limit(group)
    if declared_size is None or limit is None or declared_size <= wire_limit(limit):
        return None
    return replies.oversize(group, limit)


def _decision(rule: Rule, facts: Facts, group: GroupPolicy, trail: tuple[tuple[str, bool], ...]) -> Decision:
    reasons = (Reason(rule.reason, _values(rule.reason, facts, group)),) if rule.reason else ()
    if rule.reason in _EXPLAINED:
        reasons = (*reasons, *facts.checks)
    return Decision(rule.action, reasons, trail, rule.reply(group) if rule.reply else None)


def _collected(decision: Decision, facts: Facts, group: GroupPolicy) -> Decision:
    """What holds an accepted post, or is one reason more for a held one."""
    if decision.action not in (Action.ACCEPT, Action.HOLD):
        return decision
    asked = [(rule, all(question(facts, group) for question in rule.questions)) for rule in HOLDS]
    reasons = tuple(Reason(rule.reason, _values(rule.reason, facts, group)) for rule, hit in asked if hit)
    trail = (*decision.trail, *((rule.name, hit) for rule, hit in asked))
    action = Action.HOLD if reasons else decision.action
    return replace(decision, action=action, reasons=(*decision.reasons, *reasons), trail=trail)


def _values(reason: str, facts: Facts, group: GroupPolicy) -> Mapping[str, str]:
    """What the reason's text in the catalogue needs; unneeded values are left out so that rows stay small."""
    return {
        "over_receive_size": {"limit": show(group.max_receive_size or 0), "size": show(facts.size)},
        "over_send_size": {"limit": show(group.max_send_size or 0), "size": show(facts.size)},
        "automatic": {"mark": facts.automatic},
        "loop": {"group": group.address},
        "hops": {"count": str(facts.received)},
        "too_many_recipients": {"count": str(facts.marks.recipients)},
        "group_paused": {"group": group.address},
        "group_on_hold": {"group": group.address},
        "group_archived": {"group": group.address},
        "spam": {},
    }.get(reason, {"author": facts.author, "group": group.address})
