"""Requests as their cards, and what their applicants are told, show them."""

from __future__ import annotations

from datetime import datetime

from bot import rows
from bot.views import cards, decide
from bot.views.blocks import Shown
from store import outbox, persons, requests, undo
from store.engine import Reading
from store.schema.notice import Notice
from store.schema.request import Request
from store.terms import RequestState


async def card(tx: Reading, request: Request) -> cards.RequestCard:
    """A request as its card shows it."""
    assert request.id is not None
    group = await rows.group(tx, request.group_id)
    applicant = await persons.get(tx, request.person_id) if request.person_id is not None else None
    return cards.RequestCard(
        request_id=request.id,
        kind=request.kind,
        group=group.address,
        state=request.state,
        address=request.address,
        slack_id=applicant.slack_id if applicant else None,
        note=request.note,
        verdict=await rows.verdict(tx, request.decided_by, request.decided_at, request.decision_reason),
        deleted=request.state is RequestState.EXPIRED and rows.ended_with(group, request.decided_at),
        claim=await rows.claim(tx, request),
        undo=_undo(request, tx.now),
    )


def _undo(request: Request, now: datetime) -> decide.Undo | None:
    if request.undo_until is None or not undo.open_for(request, now):
        return None
    letter = undo.LETTER in (request.undo or {}) and request.state is RequestState.DENIED
    return decide.Undo(request.undo_until, undo=True, letter=letter)


async def draw(tx: Reading, notice: Notice, language: str) -> Shown | None:
    request = await requests.get(tx, notice.subject_id)
    return None if request is None else cards.request(language, await card(tx, request))


async def outcome(tx: Reading, notice: Notice, language: str) -> Shown | None:
    request = await requests.get(tx, notice.subject_id)
    if request is None or request.state is RequestState.UNCONFIRMED:
        return None
    if request.state is RequestState.PENDING:  # a decision was taken back, of which they have heard or not
        copies = await outbox.placements(tx, notice.kind, notice.subject_id)
        if not any(copy.ts for copy in copies):
            return None
    return cards.outcome(language, await card(tx, request))
