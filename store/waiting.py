"""Waiting requests leave the queue: by a decision, because the matter settled itself, or with their group."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import col, select, update

from store import outbox, persons
from store.chunks import chunks
from store.engine import Writing
from store.schema.request import Request
from store.terms import NoticeKind, RequestKind, RequestState

WAITING = (RequestState.UNCONFIRMED, RequestState.PENDING)


async def close(
    tx: Writing,
    group_id: int,
    state: RequestState,
    *,
    keys: Collection[str] | None = None,
    request_id: int | None = None,
    kind: RequestKind | None = None,
    decided_by: int | None = None,
    reason: str = "",
) -> list[Request]:
    """Put waiting requests of a group into `state`: all, those of `keys` or that of `request_id`; gives them.

    The state is compared and set in one statement, so each is closed once. Its cards are drawn anew; who applied
    is told by a notice where they are in Slack.
    """
    closed: list[Request] = []
    for chunk in [None] if keys is None else chunks(keys):
        statement = (
            update(Request)
            .where(col(Request.group_id) == group_id, col(Request.state).in_(WAITING))
            .values(state=state, decided_at=tx.now, decided_by=decided_by, decision_reason=reason)
        )
        if chunk is not None:
            statement = statement.where(col(Request.key).in_(chunk))
        if request_id is not None:
            statement = statement.where(col(Request.id) == request_id)
        if kind is not None:
            statement = statement.where(col(Request.kind) == kind)
        ids = (await tx.scalars(statement.returning(col(Request.id)))).all()
        for some in chunks(ids):
            rows = await tx.exec(
                select(Request)
                .where(col(Request.id).in_(some))
                .order_by(col(Request.id))
                .execution_options(populate_existing=True)
            )
            closed.extend(rows.all())
    for request in closed:
        await _tell(tx, request)
    return closed


async def _tell(tx: Writing, request: Request) -> None:
    assert request.id is not None
    await outbox.touch(tx, NoticeKind.REQUEST_CARD, request.id)
    if request.person_id is None or request.state is RequestState.WITHDRAWN:
        return
    applicant = await persons.get(tx, request.person_id)
    await outbox.announce(tx, NoticeKind.REQUEST_OUTCOME, request.id, [applicant.slack_id], group_id=request.group_id)
