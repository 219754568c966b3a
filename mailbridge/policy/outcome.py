"""One transaction, several groups: what the session says, and what becomes of each group's decision.

SMTP has one reply after DATA. If any group takes the post, 250 is said, so a refusal of another group must reach the
author otherwise: by a letter if the From is proven, else by a held post that a moderator sees – a letter to an unproven
address would be backscatter. LMTP (RFC 2033 4.2) has a reply for each recipient and needs none of this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from store.terms import Action, Decision, Reason, Reply

_TAKEN = (Action.ACCEPT, Action.HOLD)
_LOOPS = frozenset({"loop", "hops"})
# Nobody is asked about them again: the group has given its answer.
_BANNED = frozenset({"banned"})
# Stands first on the card: whoever releases such a post overrides a setting.
_ALONE_REFUSED = Reason("refused_alone")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`replies` has one entry a decision, None standing for 250. `posts` are the decisions to store, `letters` those
    whose author is told by mail; both by index."""

    replies: tuple[Reply | None, ...]
    posts: tuple[tuple[int, Decision], ...]
    letters: tuple[int, ...]


def conclude(decisions: Sequence[Decision], *, authenticated: bool, lmtp: bool) -> Outcome:
    """What to say and to store for the decisions of one transaction, in the order of its recipients."""
    taken = tuple((index, decision) for index, decision in enumerate(decisions) if decision.action in _TAKEN)
    if lmtp:
        return Outcome(tuple(decision.reply for decision in decisions), taken, ())
    refused = [(index, decision) for index, decision in enumerate(decisions) if decision.action is Action.REJECT]
    if not taken:
        # Discards are answered 250 for themselves, but a refusal beside them is the only news there is.
        first = refused[0][1].reply if refused else None
        return Outcome((first,) * len(decisions), (), ())
    # What loops is for no moderator to release, and for no letter to report to whom it loops through.
    told = [(index, decision) for index, decision in refused if not _for(decision, _LOOPS)]
    if authenticated:
        return Outcome((None,) * len(decisions), taken, tuple(index for index, _ in told))
    held = tuple((index, _held_instead(decision)) for index, decision in told if not _for(decision, _BANNED))
    return Outcome((None,) * len(decisions), tuple(sorted((*taken, *held), key=lambda one: one[0])), ())


def put_off(outcome: Outcome, full: Mapping[int, Reply], *, lmtp: bool) -> Outcome:
    """The outcome where nothing can be held for some of the decisions, by index with the temporary reply for each.

    Over SMTP that is said of the whole transaction and nothing of it is kept: the author of a message that one group
    has and another never gets would hear of it from nobody but their own system, as undelivered to both.
    """
    if not full:
        return outcome
    if not lmtp:
        return Outcome((full[min(full)],) * len(outcome.replies), (), ())
    said = tuple(full.get(index, reply) for index, reply in enumerate(outcome.replies))
    return replace(outcome, replies=said, posts=tuple(one for one in outcome.posts if one[0] not in full))


def _held_instead(decision: Decision) -> Decision:
    return replace(decision, action=Action.HOLD, reasons=(_ALONE_REFUSED, *decision.reasons), reply=None)


def _for(decision: Decision, reasons: frozenset[str]) -> bool:
    return any(reason.name in reasons for reason in decision.reasons)
