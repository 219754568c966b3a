"""The steps of a human in Slack: each is told in a line, and seen to be done by what it leaves in the database.

Between them mail is written by the mail room, which the bridge trusts as a front relay: as the human, and as strangers.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from sqlmodel import SQLModel, col, select

from store import persons
from store.composition import CompositionState
from store.engine import Reading
from store.schema.composition import Composition
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.notice import Notice, Placement
from store.schema.post import Post
from store.schema.request import Request
from store.terms import GroupKind, NoticeKind, PostState, Receiving, RequestState
from tests.acceptance.stage import OWN_SECONDS, Failed, Stage

STRANGER, APPLICANT = "stranger@example.net", "applicant@example.com"


def _host(stage: Stage) -> tuple[Group, str, str]:
    """The group, and the human's address and name. Only after `create`."""
    group, person = stage.group, stage.person
    assert group is not None
    assert person is not None
    assert person.email is not None
    return group, person.email, person.name


def _subject(stage: Stage, what: str) -> str:
    return f"Check {stage.number}: {what}"


async def create(stage: Stage) -> str:
    """A group is made in the wizard; who made it is the human of all the other steps."""

    async def made(tx: Reading) -> Group | None:
        return (await tx.exec(select(Group).where(Group.kind == GroupKind.GROUP))).first()

    local = f"check-{stage.number}"
    group = await stage.asked(
        f"In #{stage.channel_name} type “{stage.given.command} create” and fill in: Address {local}, Display name "
        f"Check, Report channel #{stage.channel_name}; Next; Contacts yourself; Next; Create the group.",
        made,
        "a group is created (where the form did not open, read what Slack said: operators alone may create groups)",
    )
    async with stage.database.reading() as tx:
        rows = (await tx.exec(select(Membership).where(Membership.group_id == group.id))).all()
        mine = next((one for one in rows if one.administrator and one.contact), None)
        if mine is None or mine.person_id is None:
            raise Failed("its administrator is to be its contact too: choose yourself under Contacts")
        person = await persons.get(tx, mine.person_id)
    if person.email is None:
        raise Failed("your Slack profile shows no address: the scope users:read.email, or another person, is needed")
    if group.report_channel != stage.given.channel:
        raise Failed(f"its reports go to {group.report_channel or 'nobody'}: choose #{stage.channel_name}")
    stage.group, stage.person = group, person
    return group.address


async def mail(stage: Stage) -> str:
    """A mail of the human's reaches them through the group, and its report is complete."""
    group, address, name = _host(stage)
    subject = _subject(stage, "a report")
    await _written(stage, f"{name} <{address}>", group.address, subject, "member")
    await stage.mail.wait_mail(address, contains=subject, timeout=OWN_SECONDS)

    async def complete(tx: Reading) -> Placement | None:
        post = (await tx.exec(select(Post).where(Post.subject == subject))).one()
        return await _placed(tx, NoticeKind.REPORT, post.id) if post.done_at is not None else None

    await stage.until(complete, "the report in the channel is complete")
    return f"it is in the mailbox of {address}, and its report in #{stage.channel_name}"


async def release(stage: Stage) -> str:
    """A held post is released by its button."""
    subject = await _decided(stage, "please release", "Click Release on the card of", PostState.ACCEPTED)
    _, address, _ = _host(stage)
    await stage.mail.wait_mail(address, contains=subject, timeout=OWN_SECONDS)
    return "held with a card, released, and delivered"


async def discard(stage: Stage) -> str:
    """A held post is discarded by its button and its question."""
    await _decided(
        stage, "please discard", "Click Discard, and Discard in the question, on the card of", PostState.DISCARDED
    )
    return "held with a card, and discarded"


async def _decided(stage: Stage, what: str, told: str, wanted: PostState) -> str:
    group, _, _ = _host(stage)
    subject = _subject(stage, what)
    await _written(stage, STRANGER, group.address, subject, "stranger")

    async def held(tx: Reading) -> Post | None:
        post = (await tx.exec(select(Post).where(Post.subject == subject))).one()
        return post if await _placed(tx, NoticeKind.HELD_CARD, post.id) is not None else None

    post = await stage.until(held, "the card of the held post stands in your direct messages")
    await _state(stage, f"{told} “{subject}”, in the app's direct messages.", Post, post.id, PostState.HELD, wanted)
    await stage.until(_redrawn(NoticeKind.HELD_CARD, post.id), "the card is redrawn")
    return subject


async def approve(stage: Stage) -> str:
    """A stranger asks to join by mail and proves their mailbox; the request is approved by its button."""
    group, _, _ = _host(stage)
    local, _, domain = group.route.partition("@")
    await _written(stage, APPLICANT, f"{local}-join@{domain}", _subject(stage, "may I?"), "stranger")
    (letter, *_) = await stage.mail.wait_mail(APPLICANT, timeout=OWN_SECONDS)
    headers = dict((await stage.mail.mail(letter))["headers"])
    await _written(stage, APPLICANT, re.sub("[<>]", "", headers["Reply-To"]), "Re: yes", "stranger")

    async def asked(tx: Reading) -> Request | None:
        request = (await tx.exec(select(Request).where(Request.key == APPLICANT))).one()
        return request if await _placed(tx, NoticeKind.REQUEST_CARD, request.id) is not None else None

    request = await stage.until(asked, "the card of the request stands in your direct messages")
    told = f"Click Approve on the card of {APPLICANT}, in the app's direct messages."
    await _state(stage, told, Request, request.id, RequestState.PENDING, RequestState.APPROVED)
    await stage.until(_redrawn(NoticeKind.REQUEST_CARD, request.id), "the card is redrawn")
    return f"{APPLICANT} is a contact"


async def write(stage: Stage) -> str:
    """The shortcut's form, its preview, Send, and Undo."""
    group, _, _ = _host(stage)

    async def undone(tx: Reading) -> CompositionState | None:
        states = {CompositionState.UNDONE, CompositionState.POSTED, CompositionState.REFUSED}
        one = (await tx.exec(select(Composition).where(col(Composition.state).in_(states)))).first()
        return one.state if one is not None else None

    state = await stage.asked(
        f"Use the shortcut “Write to a group” (type / and its name). Choose {group.address}, write anything. Preview. "
        "Send. Within 30 seconds click Undo on the card in the app's direct messages.",
        undone,
        "a mail written in Slack is taken back",
    )
    if state is not CompositionState.UNDONE:
        raise Failed(f"the mail was {state} before it was taken back: Undo is to be clicked within 30 seconds")
    return "written, previewed, sent, taken back"


async def pause(stage: Stage) -> str:
    """The Home tab opens, and a button in it acts."""
    group, address, _ = _host(stage)

    async def paused(tx: Reading) -> bool | None:
        query = select(Membership).where(Membership.group_id == group.id, Membership.key == address)
        return True if (await tx.exec(query)).one().receiving is Receiving.PAUSED else None

    await stage.asked(
        f"Open the app's Home tab and click “Pause my copies” at {group.address}.", paused, "your copies are paused"
    )
    return "paused from Home"


# ---------------------------------------------------------------- parts of steps


async def _written(stage: Stage, author: str, to: str, subject: str, verdict: str) -> None:
    said = await stage.mail.compose(author, to, subject, "Written by Postroom's check.\n", verdict=verdict)
    if not said["ok"]:
        raise Failed(f"the bridge refused a mail to {to}: {said['code']} {said['text']}")


async def _state(stage: Stage, told: str, row: type[SQLModel], key: int | None, before: Any, wanted: Any) -> None:
    async def decided(tx: Reading) -> Any:
        found: Any = await tx.get(row, key)
        return found.state if found.state is not before else None

    state = await stage.asked(told, decided, "the card is decided")
    if state is not wanted:
        raise Failed(f"it was {state} and not {wanted}")


async def _placed(tx: Reading, kind: NoticeKind, subject_id: int | None) -> Placement | None:
    """A copy of a notice that stands in Slack as it is now."""
    query = select(Placement).join(Notice, col(Notice.id) == col(Placement.notice_id))
    every = (await tx.exec(query.where(Notice.kind == kind, Notice.subject_id == subject_id))).all()
    return next((one for one in every if one.ts is not None and one.shown >= one.wanted), None)


def _redrawn(kind: NoticeKind, subject_id: int | None) -> Callable[[Reading], Awaitable[Placement | None]]:
    async def look(tx: Reading) -> Placement | None:
        return await _placed(tx, kind, subject_id)

    return look
