"""Matters: what of a group's roster people are asked, each by one card; the first decision holds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from store import audience, audit, outbox, roster
from store.concerns import MatterKind, MatterState
from store.engine import Reading, Writing
from store.schema.group import Group
from store.schema.matter import Matter
from store.schema.membership import Membership
from store.terms import Actor, NoticeKind

NOTICE: Mapping[MatterKind, NoticeKind] = {
    MatterKind.FOLLOW: NoticeKind.ROSTER_MATTER,
    MatterKind.TROUBLE: NoticeKind.ROSTER_MATTER,
    MatterKind.LEAVERS: NoticeKind.ROSTER_MATTER,
    MatterKind.ORPHAN: NoticeKind.GROUP_ORPHANED,
}


NAMED = 10  # people a card names; the others are counted


@dataclass(frozen=True, slots=True)
class Decided:
    """`won`: this decision is the one that holds; else `matter` shows whose was."""

    won: bool
    matter: Matter


async def get(tx: Reading, matter_id: int) -> Matter | None:
    """The matter, fresh from the database, or None."""
    return await tx.get(Matter, matter_id, populate_existing=True)


async def of_group(tx: Reading, group_id: int, kind: MatterKind, states: Collection[MatterState]) -> list[Matter]:
    """The group's matters of a kind that are in one of these states, oldest first."""
    query = select(Matter).where(
        col(Matter.group_id) == group_id, col(Matter.kind) == kind, col(Matter.state).in_(states)
    )
    return list((await tx.exec(query.order_by(col(Matter.id)).execution_options(populate_existing=True))).all())


async def bring(
    tx: Writing,
    group: Group,
    kind: MatterKind,
    *,
    source: str | None = None,
    come: Collection[str] = (),
    go: Collection[int] = (),
    details: Mapping[str, Any] | None = None,
) -> Matter:
    """Ask the group's administrators (of an orphan, its hosts), in place of what is still open of this kind.

    The caller has locked the group.
    """
    assert group.id is not None
    for older in await of_group(tx, group.id, kind, [MatterState.OPEN]):
        await _end(tx, older, MatterState.REPLACED)
    matter = Matter(
        group_id=group.id,
        kind=kind,
        source=source,
        come=list(come),
        go=list(go),
        details={**(details or {}), "people": people(await roster.rows(tx, group.id, ids=list(go)[:NAMED]))},
        created_at=tx.now,
    )
    tx.add(matter)
    await tx.flush()
    assert matter.id is not None
    if kind is MatterKind.ORPHAN:
        targets = await audience.hosts(tx, group)
    else:
        targets = await audience.administrators(tx, group)
    await outbox.announce(tx, NOTICE[kind], matter.id, targets, group_id=group.id)
    return matter


def people(rows: Iterable[Membership]) -> list[int]:
    """Ids of some of these people: once they are off a roster no row of it says who they were."""
    return [row.person_id for row in rows if row.person_id is not None][:NAMED]


async def close(tx: Writing, group_id: int, kinds: Collection[MatterKind]) -> None:
    """What is open of these kinds has settled itself: nobody needs to decide it."""
    for kind in kinds:
        for matter in await of_group(tx, group_id, kind, [MatterState.OPEN]):
            await _end(tx, matter, MatterState.OVER)


async def decide(tx: Writing, matter_id: int, state: MatterState, actor: Actor) -> Decided | None:
    """Take an open matter to `state`, once; None for a matter that never was.

    The caller has locked the group, as whoever settles matters has.
    """
    matter = await get(tx, matter_id)
    if matter is None:
        return None
    if matter.state is not MatterState.OPEN:
        return Decided(False, matter)
    matter.decided_by, matter.decided_at = actor.person_id, tx.now
    verb = f"roster.{matter.kind}_{state}"
    details = {"come": len(matter.come), "go": len(matter.go)}
    await audit.record(tx, verb, actor, group_id=matter.group_id, subject=f"matter:{matter_id}", details=details)
    await _end(tx, matter, state)
    return Decided(True, matter)


async def applied(tx: Writing, matter: Matter, come: int, go: int) -> None:
    """What was approved is done: so many came and went."""
    matter.details = {**matter.details, "came": come, "went": go}
    await _end(tx, matter, MatterState.APPLIED)


async def reopen(tx: Writing, matter: Matter) -> None:
    """What was dismissed may be asked about again, by a new card."""
    if matter.state is MatterState.DISMISSED:
        await _end(tx, matter, MatterState.REPLACED)


async def _end(tx: Writing, matter: Matter, state: MatterState) -> None:
    assert matter.id is not None
    matter.state = state
    tx.add(matter)
    await tx.flush()
    await outbox.touch(tx, NOTICE[matter.kind], matter.id)


async def redraw(tx: Writing, matter: Matter) -> None:
    """What the card says of it has changed."""
    assert matter.id is not None
    tx.add(matter)
    await tx.flush()
    await outbox.touch(tx, NOTICE[matter.kind], matter.id)
