"""Notices into what stands in Slack: who draws which kind, where it is wanted, and in whose language.

Drawn from the state at that moment, so a copy redrawn late says what is true now. What the group keeps out of Slack
(`slack_content`) is left out by whoever draws it, before any view sees it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot import alarmed, asked, digests, endings, held, holds, matters, proposed, reported, returned, rows, written
from bot.views import alarms, cards
from bot.views import checkup as checkup_views
from bot.views.blocks import Shown
from store import checkups, outbox, persons, posts
from store.engine import Reading
from store.findings import Progress
from store.schema.group import Group
from store.schema.notice import Notice
from store.terms import NoticeKind

Draw = Callable[[Reading, Notice, str], Awaitable[Shown | None]]


# ---------------------------------------------------------------- notices, by kind


async def _held_card(tx: Reading, notice: Notice, language: str) -> Shown | None:
    post = await posts.get(tx, notice.subject_id)
    return None if post is None else cards.held(language, await held.card(tx, post))


async def _group_created(tx: Reading, notice: Notice, language: str) -> Shown | None:
    group = await tx.get(Group, notice.subject_id)
    if group is None:
        return None
    by = notice.arguments.get("by")
    return alarms.created(language, alarms.Created(group.address, group.display_name, str(by) if by else None))


async def _checkup(tx: Reading, notice: Notice, language: str) -> Shown | None:
    found = await checkups.get(tx, notice.subject_id)
    if found is None:
        return None
    shown = checkup_views.Checkup(checkups.progress(found, tx.now), found.created_at, checkups.findings(found))
    return checkup_views.checkup(language, shown)


async def _checkup_goes_on(tx: Reading, notice: Notice) -> bool:
    """Whether time alone can change what is said of it: what the bridge finds, it marks itself."""
    found = await checkups.get(tx, notice.subject_id)
    return found is not None and checkups.progress(found, tx.now) in (Progress.WAITING, Progress.RUNNING)


# What is looked at anew from time to time, though nobody marked it, for as long as this says.
GOES_ON: dict[NoticeKind, Callable[[Reading, Notice], Awaitable[bool]]] = {
    NoticeKind.TEST_STEPS: reported.steps_go_on,
    NoticeKind.CHECKUP: _checkup_goes_on,
}

DRAW: dict[NoticeKind, Draw] = {
    NoticeKind.REQUEST_CARD: asked.draw,
    NoticeKind.REQUEST_OUTCOME: asked.outcome,
    NoticeKind.HELD_CARD: _held_card,
    NoticeKind.HELD_REMINDER: held.reminder,
    NoticeKind.HELD_FLOOD: held.flood,
    NoticeKind.HELD_FULL: held.full,
    NoticeKind.REPORT: reported.draw,
    NoticeKind.TEST_STEPS: reported.steps,
    NoticeKind.POST_ALARM: alarmed.post,
    NoticeKind.LANE_ALARM: alarmed.lane,
    NoticeKind.GROUP_CREATED: _group_created,
    NoticeKind.GROUP_HOLD: holds.notice,
    NoticeKind.BOUNCING: returned.contact,
    NoticeKind.MEMBER_BOUNCING: returned.administrators,
    NoticeKind.BOUNCE_STORM: returned.storm,
    NoticeKind.CHECKUP: _checkup,
    NoticeKind.PROPOSAL: proposed.card,
    NoticeKind.ENDING: endings.contact,
    NoticeKind.MEMBER_ENDING: endings.administrators,
    NoticeKind.COMPOSITION: written.notice,
    NoticeKind.ROSTER_MATTER: matters.draw,
    NoticeKind.GROUP_ORPHANED: matters.draw,
    NoticeKind.DIGEST: digests.draw,
}


async def under(tx: Reading, notice: Notice, target: str) -> str | None:
    """The message in whose thread a notice is to stand at `target`: that of another notice, by what it is about."""
    found = notice.arguments.get("under")
    if not found:
        return None
    kind, subject_id = found
    cards_there = await outbox.placements(tx, NoticeKind(kind), int(subject_id))
    return next((card.ts for card in cards_there if card.target == target and card.ts), None)


# Where a notice is wanted, if the group has such a channel.
CHANNEL_OF = {
    NoticeKind.REPORT: "report_channel",
    NoticeKind.DIGEST: "report_channel",
    NoticeKind.GROUP_CREATED: "report_channel",
    NoticeKind.GROUP_HOLD: "report_channel",
    NoticeKind.REQUEST_CARD: "moderation_channel",
    NoticeKind.HELD_CARD: "moderation_channel",
    NoticeKind.HELD_REMINDER: "moderation_channel",
    NoticeKind.HELD_FLOOD: "moderation_channel",
    NoticeKind.HELD_FULL: "moderation_channel",
    NoticeKind.POST_ALARM: "moderation_channel",
    NoticeKind.ROSTER_MATTER: "moderation_channel",
}
# Not for moderators to decide, where a channel would not take it.
STEWARDS = frozenset({NoticeKind.ROSTER_MATTER})


async def wants_private(tx: Reading, notice: Notice) -> bool:
    """Whether a notice may stand in private channels alone: cards, and whatever is said of a hidden group."""
    wanted = CHANNEL_OF.get(notice.kind)
    if wanted is None or notice.group_id is None:
        return False
    return wanted == "moderation_channel" or (await rows.group(tx, notice.group_id)).hidden


async def unplaced(tx: Reading, notice: Notice, target: str) -> tuple[str, str] | None:
    """For a copy that goes to a person because a channel would not take it: the group's address and that channel."""
    if notice.group_id is None or not target.startswith(("U", "W")) or notice.kind not in CHANNEL_OF:
        return None
    group = await rows.group(tx, notice.group_id)
    channel = getattr(group, CHANNEL_OF[notice.kind])
    return (group.address, channel) if channel else None


async def language_of(tx: Reading, notice: Notice, target: str) -> str:
    """The language a copy of a notice is in: the person's own by DM, the group's in a channel."""
    if target.startswith(("U", "W")):
        person = await persons.by_slack(tx, target)
        if person is not None:
            return person.locale
    group = await tx.get(Group, notice.group_id) if notice.group_id is not None else None
    return str(group.language) if group else "en"


async def draw(tx: Reading, notice: Notice, target: str) -> Shown | None:
    """The notice as it is to stand at `target` now; None if there is nothing to say (any more)."""
    return await DRAW[notice.kind](tx, notice, await language_of(tx, notice, target))
