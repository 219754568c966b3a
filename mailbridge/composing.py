"""Mail written in Slack: judged and drawn as its group would publish it, and submitted once it cannot be undone.

It takes the way of any other mail from here on – the same policy, the same post, the same repeat if it is tried twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from mailbridge import headers, parts
from mailbridge.deliver.editions import Editions
from mailbridge.intake import posting
from mailbridge.intake.envelope import Envelope
from mailbridge.intake.session import House
from mailbridge.policy import display, shape
from mailbridge.rewrite.composed import Composed, composed, message_ids
from store import compositions, names, persons, posts
from store.composition import CompositionState, Verdict
from store.engine import Reading
from store.schema.composition import Composition
from store.schema.group import Group
from store.schema.post import Post
from store.signal import POLL_SECONDS, Topic
from store.sources import PostSource
from store.terms import Action, GroupPolicy, Reason, Reply

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Mail:
    """A composition as it would be sent now."""

    group: GroupPolicy
    envelope: Envelope
    raw: bytes


async def serve(house: House, editions: Editions) -> None:
    """Until cancelled."""
    with house.database.signal.ear(Topic.COMPOSE) as ear:
        while True:
            while await once(house, editions):
                pass
            await ear.wait(POLL_SECONDS)


async def once(house: House, editions: Editions) -> bool:
    """See to the one that is due, if one is. True if there was one."""
    async with house.database.reading() as tx:
        row = await compositions.due(tx)  # a look costs nobody the lock
    if row is None:
        return False
    assert row.id is not None
    try:
        if row.state is CompositionState.ASKED:
            await _judge(house, editions, row)
        else:
            await _submit(house, row.id)
    except Exception:
        # One that cannot be seen to must not keep the others waiting; whoever wrote it is told in the end.
        log.exception("composition.failed", composition=row.id)
        await _again(house, row.id, Verdict(Action.REJECT, (Reason("fault"),)))
    return True


async def _judge(house: House, editions: Editions, row: Composition) -> None:
    assert row.id is not None
    async with house.database.reading() as tx:
        mail = await _mail(tx, house, row)
    said = mail if isinstance(mail, Verdict) else await _verdict(house, editions, mail)
    async with house.database.writing() as tx:
        await compositions.judged(tx, row.id, said)
    log.info("composition.judged", composition=row.id, action=said.action.value)


async def _verdict(house: House, editions: Editions, mail: _Mail) -> Verdict:
    read = shape.examine(mail.raw, house.limits.header_fields)
    if isinstance(read, Reply):
        return Verdict(Action.REJECT, (Reason("malformed", {"reply": read.text}),))
    proof, decision = await posting.judge(house, mail.envelope, read, mail.group, mail.raw)
    source = PostSource(
        raw=mail.raw,
        policy=mail.group,
        public_id=mail.envelope.public_id,
        accepted_at=house.database.clock(),
        helo=mail.envelope.helo,
        client=mail.envelope.client,
        protocol=mail.envelope.protocol,
        results=proof.results,
        altered=False,
        authenticated=proof.authenticated,
        origin=proof.origin,
    )
    made = editions.publish(source).edition
    found = {field.name: field.value for field in headers.fields(made.head)}
    return Verdict(
        action=decision.action,
        reasons=decision.reasons,
        sender=display.text(found[b"from"], 200),
        subject=display.text(found.get(b"subject", b"")),
        text=next((part.text for part in parts.opened(made.wire).parts if part.kind == b"text/plain"), ""),
        size=len(mail.raw),
    )


async def _submit(house: House, composition_id: int) -> None:
    async with house.database.writing() as tx:
        row = await compositions.claim(tx, composition_id)
        if row is not None and await compositions.posted(tx, composition_id):
            return  # by a bridge that died before it could say so
        mail = await _mail(tx, house, row) if row is not None else None
    if mail is None:
        return
    if isinstance(mail, Verdict):
        await _refuse(house, composition_id, mail)
        return
    read = shape.examine(mail.raw, house.limits.header_fields)
    (reply,) = await posting.post(house, mail.envelope, read, [mail.group], mail.raw)
    async with house.database.writing() as tx:
        there = await compositions.posted(tx, composition_id)
    if there:
        log.info("composition.posted", composition=composition_id, id=mail.envelope.public_id)
    elif reply.temporary:
        await _again(house, composition_id, Verdict(Action.REJECT, (Reason("put_off", {"reply": reply.text}),)))
    else:
        assert not isinstance(read, Reply)
        _, decision = await posting.judge(house, mail.envelope, read, mail.group, mail.raw)
        await _refuse(house, composition_id, Verdict(Action.REJECT, decision.reasons))


async def _again(house: House, composition_id: int, at_last: Verdict) -> None:
    async with house.database.writing() as tx:
        waits = await compositions.put_off(tx, composition_id)
    if not waits:
        await _refuse(house, composition_id, at_last)


async def _refuse(house: House, composition_id: int, said: Verdict) -> None:
    async with house.database.writing() as tx:
        await compositions.refused(tx, composition_id, said)
    log.info("composition.refused", composition=composition_id, reasons=[reason.name for reason in said.reasons])


async def _mail(tx: Reading, house: House, row: Composition) -> _Mail | Verdict:
    """The composition as a mail, or why it cannot be one: its group or its author is not what they were."""
    group = await tx.get(Group, row.group_id, populate_existing=True)
    if group is None or group.deleted_at is not None:
        return Verdict(Action.REJECT, (Reason("group_gone"),))
    person = await persons.get(tx, row.person_id)
    if compositions.unfit(person) is not None or person.email is None:
        return Verdict(Action.REJECT, (Reason("author_gone"),))
    policy = names.policy(group)
    domain = policy.route.rpartition("@")[2]
    post = await posts.get(tx, row.answers_id) if row.answers_id is not None else None
    if row.alone and (post is None or "@" not in post.author):  # whose author was erased, or is kept no longer
        return Verdict(Action.REJECT, (Reason("answer_gone"),))
    answers, references = await _threading(tx, post, house.hostname) if post is not None else ("", ())
    alone = (post.author_name, post.author) if row.alone and post is not None else None
    raw = composed(
        Composed(
            author=(person.name, person.email),
            to=alone or (policy.display_name, policy.address),
            subject=row.subject,
            text=row.text,
            message_id=f"{row.public_id}@{domain}",
            # Fixed when it was written: a second try has to be the same message.
            date=row.created_at,
            language=policy.language,
            answers=answers,
            references=references,
        )
    )
    envelope = Envelope(
        public_id=row.public_id,
        return_path=person.email,
        recipients=(),
        helo=house.hostname,
        client="",
        lmtp=False,
        protocol="HTTP",
        slack=True,
        only_to=alone[1] if alone else "",
    )
    return _Mail(policy, envelope, raw)


async def _threading(tx: Reading, post: Post, hostname: str) -> tuple[str, tuple[str, ...]]:
    """What answers this post names as In-Reply-To, and the References above that (RFC 5322 3.6.4)."""
    assert post.id is not None
    raw = await posts.raw(tx, post.id)
    fields = headers.fields(headers.split(raw)[0]) if raw else []
    known = next((message_ids(one.value) for one in fields if one.name == b"references"), ())
    known = known or next((message_ids(one.value)[:1] for one in fields if one.name == b"in-reply-to"), ())
    # One that came without is given its own by the Edition.
    return post.header_message_id or f"<{post.public_id}@{hostname}>", known
