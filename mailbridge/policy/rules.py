"""The questions policy asks about a post, each a pure function of the facts and the group's settings."""

from __future__ import annotations

from mailbridge.policy.facts import Facts
from store import posting
from store.terms import GroupKind, GroupPolicy, Moderation, OverSendSize, wire_limit

MOST_RECEIVED = 30
# Mailman's max_num_recipients: a mail to so many at once is a circular, or spam.
MANY = 10


def looped(facts: Facts, group: GroupPolicy) -> bool:
    """Our own loop mark: this group has carried the message before, perhaps under the address it had then."""
    return not facts.loops.isdisjoint((group.address.lower(), group.route.lower()))


def too_many_hops(facts: Facts, group: GroupPolicy) -> bool:
    """A loop through somebody who strips marks (RFC 5321 6.3)."""
    return facts.received > MOST_RECEIVED


def written_by_machine(facts: Facts, group: GroupPolicy) -> bool:
    """Bounces and auto-replies: distributed once, each would call forth another from every contact."""
    return bool(facts.automatic)


def over_receive_size(facts: Facts, group: GroupPolicy) -> bool:
    return group.max_receive_size is not None and facts.size > wire_limit(group.max_receive_size)


def over_send_size(facts: Facts, group: GroupPolicy) -> bool:
    """Larger than the group distributes, and nothing can be left out of it or the group wants nothing left out."""
    if group.max_send_size is None or facts.size <= wire_limit(group.max_send_size):
        return False
    return group.over_send_size is OverSendSize.REFUSE or not facts.trimmable


def banned(facts: Facts, group: GroupPolicy) -> bool:
    """The address in From is banned, whoever wrote it there; a ban never means those in charge."""
    return bool(facts.banned) and facts.standing not in posting.IN_CHARGE


def doubtable(facts: Facts, group: GroupPolicy) -> bool:
    """A moderator may be asked about what this author writes: the group has moderation, and they are not in charge."""
    return group.moderation is not Moderation.NONE and facts.standing not in posting.IN_CHARGE


def too_many_recipients(facts: Facts, group: GroupPolicy) -> bool:
    return facts.marks.recipients >= MANY


def unnamed(facts: Facts, group: GroupPolicy) -> bool:
    """Bcc'd: none of the group's addresses stands in To or Cc (Mailman's implicit destination)."""
    return facts.marks.unnamed


def asks_to_join(facts: Facts, group: GroupPolicy) -> bool:
    return facts.marks.command == "join"


def asks_to_leave(facts: Facts, group: GroupPolicy) -> bool:
    return facts.marks.command == "leave"


def asks_for_help(facts: Facts, group: GroupPolicy) -> bool:
    return facts.marks.command == "help"


def spam(facts: Facts, group: GroupPolicy) -> bool:
    """A front relay of ours says so. A stranger's is held even where nobody moderates: it is never distributed.

    The addresses of roles take it all the same: to `abuse` spam is sent on purpose.
    """
    proven = facts.standing in posting.PROVEN or facts.allowed
    stranger = group.kind is GroupKind.GROUP and not proven
    return facts.marks.spam and (stranger or doubtable(facts, group))


def paused(facts: Facts, group: GroupPolicy) -> bool:
    return posting.paused(group)


def on_hold(facts: Facts, group: GroupPolicy) -> bool:
    """An emergency: nothing of the group goes out, whoever wrote it."""
    return group.on_hold


def archived(facts: Facts, group: GroupPolicy) -> bool:
    return group.archived


def receive_limit(group: GroupPolicy) -> int | None:
    """The smallest size limit that refuses a post for its size alone, in bytes of attachments; None without any.

    Where larger posts are trimmed, whether one can be is known only when it is here.
    """
    send = group.max_send_size if group.over_send_size is OverSendSize.REFUSE else None
    return min((limit for limit in (group.max_receive_size, send) if limit is not None), default=None)
