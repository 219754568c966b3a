"""Matters of a roster as their cards show them, from the rows of that moment."""

from __future__ import annotations

from collections.abc import Sequence

from bot import rows
from bot.views import matters as views
from bot.views.blocks import Shown
from bot.views.matters import Card
from store import comparison, leavers, matters, persons
from store.concerns import MatterKind, MatterState
from store.engine import Reading
from store.matters import NAMED
from store.schema.following import Following
from store.schema.matter import Matter
from store.schema.notice import Notice
from store.schema.person import Person

VIEWS = {
    MatterKind.FOLLOW: views.follow,
    MatterKind.TROUBLE: views.trouble,
    MatterKind.LEAVERS: views.leavers,
    MatterKind.ORPHAN: views.orphan,
}


async def card(tx: Reading, matter: Matter) -> Card:
    """A matter as its card shows it."""
    assert matter.id is not None
    group = await rows.group(tx, matter.group_id)
    followed = await tx.get(Following, matter.group_id)
    going = list(matter.go)
    if matter.kind is MatterKind.LEAVERS and matter.state is MatterState.OPEN:
        going = [row.id for row in await leavers.still(tx, matter) if row.id is not None]
    follows = followed is not None and followed.source == matter.source
    details = matter.details
    return Card(
        matter_id=matter.id,
        group=group.address,
        state=matter.state,
        verdict=await rows.verdict(tx, matter.decided_by, matter.decided_at, ""),
        source=matter.source or "",
        name=followed.name if followed is not None and follows else "",
        followed=follows,
        come=matter.come[:NAMED],
        come_n=len(matter.come),
        go=await comparison.subjects(tx, going[:NAMED]) or await _people(tx, details.get("people", ())),
        go_n=len(going),
        aside=dict(details.get("aside") or {}),
        roster=int(details.get("roster", 0)),
        first=bool(details.get("first")),
        came=int(details.get("came", 0)),
        went=int(details.get("went", 0)),
        code=str(details.get("code", "")),
        operators=matter.kind is not MatterKind.ORPHAN or bool(await persons.operators(tx)),
    )


async def _people(tx: Reading, ids: Sequence[int]) -> list[str]:
    """The Slack ids of these people, as far as they are known still."""
    found = [await tx.get(Person, person_id) for person_id in ids]
    return [person.slack_id for person in found if person is not None]


async def draw(tx: Reading, notice: Notice, language: str) -> Shown | None:
    """The card of a matter; None for one that is not there any more, or that was over before it was said."""
    matter = await matters.get(tx, notice.subject_id)
    if matter is None:
        return None
    return VIEWS[matter.kind](language, await card(tx, matter))
