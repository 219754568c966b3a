"""Portrait: all that is kept about one person, by table, for the person who asks for it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlmodel import col, func, or_, select

from store.engine import Reading
from store.privacy import columns, traces
from store.privacy.identity import Identity
from store.schema.audit import Audit
from store.schema.membership import Membership
from store.schema.message import Message
from store.schema.post import Post

Portrait = dict[str, list[dict[str, Any]]]
WITHHELD = "withheld"


async def portrait(tx: Reading, identity: Identity) -> Portrait:
    """Every row that is about the person or mentions them, as JSON values, by table; tables without one are left out.

    A hash of a password is named and not shown. Messages they wrote are there by their size and date.
    """
    found: Portrait = {}
    for table in columns.tables():
        rows = await traces.rows(tx, table, identity, names=False)
        if rows:
            found[table.name] = [
                {name: _plain(f"{table.name}.{name}", value) for name, value in row.items()} for row in rows
            ]
    messages = select(Message.id, Message.size, Message.created_at, col(Message.raw).is_not(None))
    written = select(Post.message_id).where(func.lower(col(Post.author)).in_(identity.keys))
    found["message"] = [
        {"id": number, "size": size, "created_at": at.isoformat(), "kept": kept}
        for number, size, at, kept in (await tx.exec(messages.where(col(Message.id).in_(written)))).all()
    ]
    found["audit"] = await acts(tx, identity)
    return {name: rows for name, rows in sorted(found.items()) if rows}


async def acts(tx: Reading, identity: Identity) -> list[dict[str, Any]]:
    """What the audit holds of what the person did, and of what was done to their memberships."""
    memberships = select(Membership.id).where(
        or_(col(Membership.person_id).in_(identity.person_ids), col(Membership.key).in_(identity.keys))
    )
    subjects = [f"membership:{one}" for one in (await tx.exec(memberships)).all()]
    query = select(Audit).where(or_(col(Audit.actor).in_(identity.subjects), col(Audit.subject).in_(subjects)))
    return [
        {
            "at": row.at.isoformat(),
            "verb": row.verb,
            "group_id": row.group_id,
            "subject": row.subject,
            "as_operator": row.as_operator,
            "own": row.actor in identity.subjects,
            "details": row.details,
        }
        for row in (await tx.exec(query.order_by(col(Audit.id)))).all()
    ]


def _plain(name: str, value: Any) -> Any:
    if name in columns.SECRET:
        return WITHHELD
    return value.isoformat() if isinstance(value, datetime | date) else value
