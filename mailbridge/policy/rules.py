"""The questions policy asks about a post, each a pure function of the facts and the group's settings."""

from __future__ import annotations

from mailbridge.policy.facts import Facts
from store.terms import GroupPolicy, Mode, Moderation, Posting, Standing, wire_limit

MOST_RECEIVED = 30
_IN_CHARGE = frozenset({Standing.ADMINISTRATOR, Standing.MODERATOR})
_PROVEN = _IN_CHARGE | {Standing.MEMBER}


def looped(facts: Facts, group: GroupPolicy) -> bool:
    """Our own loop mark: this group has carried the message before."""
    return group.address.lower() in facts.loops


def too_many_hops(facts: Facts, group: GroupPolicy) -> bool:
    """A loop through somebody who strips marks (RFC 5321 6.3)."""
    return facts.received > MOST_RECEIVED


def written_by_machine(facts: Facts, group: GroupPolicy) -> bool:
    """Bounces and auto-replies: distributed once, each would call forth another from every contact."""
    return bool(facts.automatic)


def over_receive_size(facts: Facts, group: GroupPolicy) -> bool:
    return group.max_receive_size is not None and facts.size > wire_limit(group.max_receive_size)


def over_send_size(facts: Facts, group: GroupPolicy) -> bool:
    # Refused whatever `over_send_size` says, as long as nothing trims: distributing more than the setting allows
    # would break it in silence.
    return group.max_send_size is not None and facts.size > wire_limit(group.max_send_size)


def in_charge(facts: Facts, group: GroupPolicy) -> bool:
    """A proven administrator or moderator, whom every posting policy allows."""
    return facts.standing in _IN_CHARGE


def member(facts: Facts, group: GroupPolicy) -> bool:
    """A proven member without a role."""
    return facts.standing is Standing.MEMBER


def unproven(facts: Facts, group: GroupPolicy) -> bool:
    """The From line names a member, and nothing shows that it tells the truth."""
    return facts.standing is Standing.UNPROVEN


def unchecked(facts: Facts, group: GroupPolicy) -> bool:
    """Nobody answered about the author's domain, so that "unproven" is not yet known."""
    return facts.unchecked


def permitted(facts: Facts, group: GroupPolicy) -> bool:
    """The posting policy names this author's kind."""
    return (
        group.posting is Posting.ANYONE
        or facts.standing in _IN_CHARGE
        or (group.posting is Posting.MEMBERS and facts.standing in _PROVEN)
    )


def unmoderated(facts: Facts, group: GroupPolicy) -> bool:
    return group.moderation is Moderation.NONE


def all_moderated(facts: Facts, group: GroupPolicy) -> bool:
    return group.moderation is Moderation.EVERYONE


def paused(facts: Facts, group: GroupPolicy) -> bool:
    return group.mode is Mode.PAUSED


def receive_limit(group: GroupPolicy) -> int | None:
    """The smallest size limit that refuses a post in the session, in bytes of attachments; None without any."""
    limits = [limit for limit in (group.max_receive_size, group.max_send_size) if limit is not None]
    return min(limits, default=None)
