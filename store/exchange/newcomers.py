"""Contacts nobody has seen before, by the ten thousand: what enrolling does for them, without its questions.

An address that no row of the group, no person and no waiting request has needs no merging, no linking and no closing.
"""

from __future__ import annotations

from collections.abc import Collection

import sqlmodel
from sqlalchemy import insert, select
from sqlmodel import col

from store.engine import Bulk, Database, Reading
from store.exchange.groupfile import Contact
from store.inserts import insert as insert_new
from store.schema.audit import Audit
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.person import Person
from store.schema.request import Request
from store.terms import Actor, Receiving, Refused, RequestState

ROWS_AT_ONCE = 2000  # a transaction of so many is short enough for mail to come in between


async def apart(tx: Reading, group_id: int, contacts: Collection[Contact]) -> tuple[list[Contact], list[Contact]]:
    """Split contacts into newcomers and those somebody knows in any way."""
    known = set((await tx.exec(sqlmodel.select(Person.email).where(col(Person.email).is_not(None)))).all())
    held = sqlmodel.select(Membership.key).where(col(Membership.group_id) == group_id, col(Membership.key).is_not(None))
    known |= set((await tx.exec(held)).all())
    asked = sqlmodel.select(Request.key).where(
        col(Request.group_id) == group_id,
        col(Request.state).in_([RequestState.UNCONFIRMED, RequestState.PENDING]),
    )
    known |= set((await tx.exec(asked)).all())
    new = [contact for contact in contacts if contact[0].key not in known]
    return new, [contact for contact in contacts if contact[0].key in known]


async def enrol(database: Database, group_id: int, contacts: Collection[Contact], actor: Actor) -> None:
    """Make them contacts of the group, some thousand a transaction. Raises Refused `group_gone`.

    One who came in by another way meanwhile keeps the row they have.
    """
    rows = list(contacts)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        some = rows[start : start + ROWS_AT_ONCE]
        await database.bulk(lambda bulk, some=some: _insert(bulk, group_id, some, actor))  # type: ignore[misc]  # bound now


def _insert(bulk: Bulk, group_id: int, contacts: Collection[Contact], actor: Actor) -> None:
    group = select(col(Group.deleted_at)).where(col(Group.id) == group_id).with_for_update(key_share=True)
    found = bulk.connection.execute(group).first()
    if found is None or found.deleted_at is not None:
        raise Refused("group_gone")
    bulk.connection.execute(
        insert_new(bulk, Membership).on_conflict_do_nothing(),
        [
            {
                "group_id": group_id,
                "address": str(address),
                "key": address.key,
                "domain": address.domain,
                "name": name,
                "contact": True,
                "moderator": False,
                "administrator": False,
                "receiving": Receiving.ON,
                "created_at": bulk.now,
            }
            for address, name in contacts
        ],
    )
    bulk.connection.execute(
        insert(Audit).values(
            at=bulk.now,
            actor=actor.subject,
            as_operator=actor.as_operator,
            verb="membership.added",
            group_id=group_id,
            subject="",
            details={"flags": ["contact"], "count": len(contacts)},
        )
    )
