"""Notices: written in the same transaction as the change that caused them, by the verbs that cause them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, update
from sqlmodel import col

from store.engine import Bulk
from store.inserts import insert
from store.schema.notice import Notice, Placement
from store.signal import Topic
from store.terms import NoticeKind


def key(kind: NoticeKind, subject_id: int) -> str:
    """What makes a notice the only one of its kind about its subject."""
    return f"{kind}:{subject_id}"


def announce(
    bulk: Bulk,
    kind: NoticeKind,
    subject_id: int,
    targets: Sequence[str],
    *,
    group_id: int | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> int:
    """Say something in Slack, at each target (channel or Slack person id). Returns the notice's id.

    Said already: targets that are new get it too, nothing else happens.
    """
    row = {
        "kind": kind,
        "key": key(kind, subject_id),
        "subject_id": subject_id,
        "group_id": group_id,
        "arguments": dict(arguments or {}),
        "version": 1,
        "created_at": bulk.now,
    }
    bulk.connection.execute(insert(bulk, Notice).values(row).on_conflict_do_nothing(index_elements=["key"]))
    # Locked: a change that commits between this look and the new placements would leave them behind unseen.
    found = select(col(Notice.id), col(Notice.version)).where(col(Notice.key) == row["key"]).with_for_update()
    notice_id, version = bulk.connection.execute(found).one()
    assert notice_id is not None
    placements = [
        {
            "notice_id": notice_id,
            "target": target,
            "state": "waiting",
            "wanted": version,
            "shown": 0,
            "due_at": bulk.now,
            "attempts": 0,
            "uncertain": False,
            "error": "",
        }
        for target in dict.fromkeys(targets)
    ]
    if placements:
        new = insert(bulk, Placement).on_conflict_do_nothing(index_elements=["notice_id", "target"])
        bulk.connection.execute(new, placements)
    bulk.wake(Topic.NOTICE)
    return int(notice_id)


def touch_last(bulk: Bulk, kind: NoticeKind, subject_id: int) -> None:
    """As `touch`, once, at the end of the transaction: a report is every worker's, and who locks it goes on to lock
    nothing else."""
    bulk.at_end(kind, subject_id, lambda last: touch(last, kind, subject_id))


def touch(bulk: Bulk, kind: NoticeKind, subject_id: int) -> None:
    """What the notice shows has changed: every copy of it is drawn anew. Nothing happens if it was never said."""
    grown = update(Notice).where(col(Notice.key) == key(kind, subject_id)).values(version=col(Notice.version) + 1)
    row = bulk.connection.execute(grown.returning(col(Notice.id), col(Notice.version))).first()
    if row is not None:
        bulk.connection.execute(update(Placement).where(col(Placement.notice_id) == row.id).values(wanted=row.version))
        bulk.wake(Topic.NOTICE)
