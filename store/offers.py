"""Offers: who types in a report's thread is told that it stays in Slack, and offered to send it as mail.

A person is told at the first thing they type in a thread, and again only once they took that up, so that nobody who
talks there is nagged. Who declines is not told in any thread until the row of it goes, or they take one up after all.
What was typed is not kept: where it stands in Slack is.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlmodel import and_, col, delete, or_, select, update

from store.engine import Reading, Writing
from store.inserts import insert
from store.schema.offer import Offer
from store.schema.person import Person
from store.verdicts import OfferAnswer

KEPT_FOR: Final = timedelta(days=90)


async def wanted(tx: Reading, post_id: int, person_id: int) -> bool:
    """Whether this person is to be told, in the thread of this post's report."""
    spoken = and_(col(Offer.post_id) == post_id, col(Offer.answer) == OfferAnswer.NONE)
    query = select(Offer.id).where(
        col(Offer.person_id) == person_id, or_(spoken, col(Offer.answer) == OfferAnswer.DECLINED)
    )
    return (await tx.exec(query.limit(1))).first() is None


async def make(tx: Writing, post_id: int, person_id: int, ts: str) -> int | None:
    """Note that they are told of what stands at `ts`; gives the offer's id. None where that is not to be, or was
    done."""
    # Two things typed at once are one offer: who comes second waits here, and sees the first.
    await tx.exec(select(Person.id).where(col(Person.id) == person_id).with_for_update())
    if not await wanted(tx, post_id, person_id):
        return None
    row = {"post_id": post_id, "person_id": person_id, "ts": ts, "answer": OfferAnswer.NONE, "created_at": tx.now}
    # Slack tells an event again whose acknowledgement was lost, also after the offer was taken up.
    new = insert(tx, Offer).values(row).on_conflict_do_nothing(index_elements=["post_id", "person_id", "ts"])
    found = (await tx.exec(new.returning(col(Offer.id)))).first()
    return None if found is None else int(found[0])


async def withdraw(tx: Writing, offer_id: int) -> None:
    """Slack did not take it: the next thing they type is offered."""
    await tx.exec(delete(Offer).where(col(Offer.id) == offer_id))


async def mine(tx: Reading, offer_id: int, person_id: int | None) -> Offer | None:
    """An offer that was made to this person; None for any other."""
    query = select(Offer).where(col(Offer.id) == offer_id, col(Offer.person_id) == person_id)
    return (await tx.exec(query)).first()


async def take(tx: Writing, offer_id: int, person_id: int | None) -> None:
    """They want to send it: they are told again, here and in other threads."""
    theirs = update(Offer).where(col(Offer.person_id) == person_id)
    chosen = or_(col(Offer.id) == offer_id, col(Offer.answer) == OfferAnswer.DECLINED)
    await tx.exec(theirs.where(chosen).values(answer=OfferAnswer.TAKEN))


async def decline(tx: Writing, offer_id: int, person_id: int | None) -> None:
    """They do not want to be told any more."""
    declined = update(Offer).where(col(Offer.id) == offer_id, col(Offer.person_id) == person_id)
    await tx.exec(declined.values(answer=OfferAnswer.DECLINED, created_at=tx.now))


async def purge(tx: Writing) -> int:
    """Forget what was offered long ago. Returns how many went."""
    return (await tx.exec(delete(Offer).where(col(Offer.created_at) < tx.now - KEPT_FOR))).rowcount
