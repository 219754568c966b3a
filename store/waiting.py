"""Waiting requests leave the queue: by a decision, because the matter settled itself, or with their group."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import col, delete, select, update

from store import claims, ladder, letters, outbox, persons, undo
from store.chunks import chunks
from store.engine import Writing
from store.schema.group import Group
from store.schema.request import Request
from store.terms import LetterKind, NoticeKind, RequestKind, RequestState

WAITING = (RequestState.UNCONFIRMED, RequestState.PENDING)
# What is written to an applicant who is not in Slack, and whose mailbox is known to be theirs.
OUTCOMES = {
    RequestState.APPROVED: LetterKind.JOIN_DONE,
    RequestState.DENIED: LetterKind.JOIN_DENIED,
    RequestState.EXPIRED: LetterKind.JOIN_ENDED,
}


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
    is told by a notice where they are in Slack, else by a letter where they joined by mail.
    """
    closed: list[Request] = []
    for chunk in [None] if keys is None else chunks(keys):
        statement = (
            update(Request)
            .where(col(Request.group_id) == group_id, col(Request.state).in_(WAITING))
            .values(state=state, decided_at=tx.now, decided_by=decided_by, decision_reason=reason)
            .values(**claims.NOBODY)
        )
        if decided_by is not None and request_id is not None:
            statement = statement.values(undo_until=tx.now + undo.FOR, undo=None)
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


async def forget_unconfirmed(tx: Writing, group_id: int, key: str) -> None:
    """A wish that came by mail and that nobody has confirmed gives way: anybody may have written it."""
    await tx.exec(
        delete(Request).where(
            col(Request.group_id) == group_id, col(Request.key) == key, col(Request.state) == RequestState.UNCONFIRMED
        )
    )


async def _tell(tx: Writing, request: Request) -> None:
    assert request.id is not None
    await outbox.touch(tx, NoticeKind.REQUEST_CARD, request.id)
    await ladder.withdraw(tx, [request])
    if request.state is RequestState.WITHDRAWN:
        return
    if request.person_id is None:
        await _write(tx, request)
        return
    applicant = await persons.get(tx, request.person_id)
    await outbox.announce(tx, NoticeKind.REQUEST_OUTCOME, request.id, [applicant.slack_id], group_id=request.group_id)
    await outbox.touch(tx, NoticeKind.REQUEST_OUTCOME, request.id)  # told before, where a decision was taken back


async def _write(tx: Writing, request: Request) -> None:
    if request.kind is not RequestKind.JOIN or request.confirmed_at is None:
        return
    group = await tx.get(Group, request.group_id)
    assert group is not None
    denied = request.state is RequestState.DENIED and request.undo_until is not None
    ended = request.state is RequestState.EXPIRED
    letter = await letters.write(
        tx,
        OUTCOMES[request.state],
        request.address,
        group.language,
        # A deleted group's addresses answer no more, so nothing is written in its name.
        group_id=None if ended else group.id,
        arguments={
            "group": group.address,
            "name": group.address if group.hidden else group.display_name,
            "reason": request.decision_reason,
        },
        after=undo.FOR if denied else letters.AT_ONCE,
    )
    if letter.id is not None and request.undo_until is not None:
        await undo.note(tx, request, letter=letter.id)
