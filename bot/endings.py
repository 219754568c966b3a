"""Memberships whose date comes near, as they are told to the contact and to administrators."""

from __future__ import annotations

from dataclasses import replace

from bot import rows
from bot.views import endings as views
from bot.views import members
from bot.views.blocks import Shown
from store import endings, persons
from store.engine import Reading
from store.schema.ending import Ending
from store.schema.membership import Membership
from store.schema.notice import Notice
from store.schema.person import Person
from store.verdicts import EndingAnswer


async def contact(tx: Reading, notice: Notice, language: str) -> Shown | None:
    found = await endings.get(tx, notice.subject_id)
    return None if found is None else views.contact(language, await ending(tx, found))


async def administrators(tx: Reading, notice: Notice, language: str) -> Shown | None:
    found = await endings.get(tx, notice.subject_id)
    if found is None:
        return None
    shown = await ending(tx, found)
    whose = notice.arguments.get("person")
    if not shown.who and whose is not None:
        person = await tx.get(Person, int(whose))
        shown = replace(shown, who=members.named(person.slack_id, "")) if person is not None else shown
    return views.administrators(language, shown)


async def ending(tx: Reading, found: Ending) -> views.Ending:
    """A reminder as its messages show it."""
    assert found.id is not None
    group = await rows.group(tx, found.group_id)
    row = await tx.get(Membership, found.membership_id, populate_existing=True)
    person = await persons.get(tx, row.person_id) if row is not None and row.person_id is not None else None
    by = await persons.get(tx, found.decided_by) if found.decided_by is not None else None
    who = members.named(person.slack_id if person else None, row.name or row.address or "") if row is not None else ""
    open_still = row is not None and row.contact and group.deleted_at is None
    return views.Ending(
        ending_id=found.id,
        group=group.address,
        who=who,
        until=row.until if row is not None and row.until is not None else found.until,
        answer=found.answer if found.answer is not EndingAnswer.NONE or row is None or row.until == found.until
        else EndingAnswer.EXTENDED,
        over=not open_still,
        by=by.slack_id if by else None,
        for_good=open_still and row is not None and row.until is None,
    )  # fmt: skip
