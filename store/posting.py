"""Who may post: the table of the design, from who the author is to what becomes of their post. Pure; standard library.

The bridge judges mail by it (`mailbridge/policy/chain.py`), and the bot tells people beforehand what would happen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from store.terms import Action, GroupPolicy, Mode, Moderation, Posting, Standing

IN_CHARGE: Final = frozenset({Standing.ADMINISTRATOR, Standing.MODERATOR})
PROVEN: Final = IN_CHARGE | {Standing.MEMBER}


@dataclass(frozen=True, slots=True)
class Author:
    """Who the author is to the group. `unchecked`: nobody answered about their domain, so "unproven" is not known.
    `allowed`: the group takes this proven author's posts like a member's."""

    standing: Standing
    unchecked: bool = False
    allowed: bool = False


Question = Callable[[Author, GroupPolicy], bool]


@dataclass(frozen=True, slots=True)
class Row:
    """If every question is answered yes, `action` for `reason`. `name` is what the trail says."""

    name: str
    questions: tuple[Question, ...]
    action: Action
    reason: str = ""


def in_charge(author: Author, group: GroupPolicy) -> bool:
    """A proven administrator or moderator, whom every posting policy allows."""
    return author.standing in IN_CHARGE


def member(author: Author, group: GroupPolicy) -> bool:
    """A proven member without a role, or a proven author whose posts the group takes like a member's."""
    return author.standing is Standing.MEMBER or author.allowed


def unproven(author: Author, group: GroupPolicy) -> bool:
    """The From line names a member, and nothing shows that it tells the truth."""
    return author.standing is Standing.UNPROVEN


def unchecked(author: Author, group: GroupPolicy) -> bool:
    """Nobody answered about the author's domain, so that "unproven" is not yet known."""
    return author.unchecked


def permitted(author: Author, group: GroupPolicy) -> bool:
    """The posting policy names this author's kind."""
    return (
        group.posting is Posting.ANYONE
        or author.standing in IN_CHARGE
        or (group.posting is Posting.MEMBERS and (author.standing in PROVEN or author.allowed))
    )


def forbidden(author: Author, group: GroupPolicy) -> bool:
    return not permitted(author, group)


def unmoderated(author: Author, group: GroupPolicy) -> bool:
    return group.moderation is Moderation.NONE


def moderated(author: Author, group: GroupPolicy) -> bool:
    return group.moderation is not Moderation.NONE


def all_moderated(author: Author, group: GroupPolicy) -> bool:
    return group.moderation is Moderation.EVERYONE


TABLE: tuple[Row, ...] = (
    # Proven administrators and moderators: always.
    Row("in_charge", (in_charge,), Action.ACCEPT),
    # Proven members the policy allows: held only where everybody is.
    Row("member_moderated", (member, permitted, all_moderated), Action.HOLD, "everyone_moderated"),
    Row("member", (member, permitted), Action.ACCEPT),
    # Whom the policy does not allow: refused without moderation, else held for a decision.
    # A silent DNS is no forgery (RFC 9989 7): whoever sent it tries again, and a moderator is told how it is.
    Row("unchecked_deferred", (unproven, unchecked, forbidden, unmoderated), Action.REJECT, "unchecked"),
    Row("unproven_refused", (unproven, forbidden, unmoderated), Action.REJECT, "unproven"),
    Row("refused", (forbidden, unmoderated), Action.REJECT, "not_permitted"),
    Row("unchecked_held", (unproven, unchecked, moderated), Action.HOLD, "unchecked"),
    Row("unproven_held", (unproven, moderated), Action.HOLD, "unproven"),
    Row("not_permitted_held", (member, forbidden), Action.HOLD, "not_permitted"),
    # Everybody else is a stranger, or unproven where anyone may post unmoderated.
    Row("stranger_held", (moderated,), Action.HOLD, "non_member"),
    Row("anyone", (), Action.ACCEPT),
)


def paused(group: GroupPolicy) -> bool:
    """Every post is held, whoever wrote it."""
    return group.mode is Mode.PAUSED


def judge(author: Author, group: GroupPolicy) -> Row:
    """The first row that hits; what a message itself shows (its size, its marks) and a pause are asked beside it."""
    return next(row for row in TABLE if all(question(author, group) for question in row.questions))
