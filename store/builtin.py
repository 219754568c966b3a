"""Built-in groups: -owner of every group, and the addresses that every domain must answer."""

from __future__ import annotations

from sqlmodel import col

from store import names
from store.engine import Writing
from store.inserts import insert
from store.names import Served
from store.schema.group import Group, Name
from store.terms import Address, GroupKind, Moderation, NameRole, Posting, SlackContent


def row(tx: Writing, kind: GroupKind, address: Address, parent_id: int | None) -> Group:
    return Group(
        kind=kind,
        parent_id=parent_id,
        address=address.key,
        route=address.key,
        display_name=address.local,
        posting=Posting.ANYONE,
        moderation=Moderation.NONE,
        hidden=True,
        slack_content=SlackContent.NONE,
        created_at=tx.now,
    )


async def ensure(tx: Writing, served: Served) -> None:
    """Postmaster and abuse (RFC 2142, RFC 5321 4.5.1), and the reserved `bounces`, for every served domain.

    Several processes may start at once: each row is the first one's, and the others find it there.
    """
    for domain in served.domains:
        for kind in (GroupKind.POSTMASTER, GroupKind.ABUSE):
            address = Address(str(kind), domain)
            if await names.destination(tx, address.key) is None:
                values = row(tx, kind, address, None).model_dump(exclude={"id"})
                made = insert(tx, Group).values(values).on_conflict_do_nothing().returning(col(Group.id))
                group_id = (await tx.scalars(made)).first()
                if group_id is not None:
                    await names.take(tx, [(address.key, NameRole.PUBLISHED, group_id)])
        bounces = {"address": f"bounces@{domain}", "role": NameRole.BOUNCES, "group_id": None}
        await tx.exec(insert(tx, Name).values(bounces).on_conflict_do_nothing())
