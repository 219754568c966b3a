"""Trials: a mail of our own through a group's real path, to the person who asked and nobody else."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from sqlmodel import col

from store import audit, inserts, languages, names, outbox, persons, texts
from store.engine import Writing
from store.schema.group import Group
from store.schema.message import Message
from store.schema.person import Person
from store.schema.post import Post
from store.signal import Topic
from store.terms import LetterKind, NoticeKind, Origin, PostState, Refused, Standing


async def send(tx: Writing, group: Group, person: Person, public_id: str) -> Post:
    """Accept a test post for `person` alone; its steps are shown to them in Slack.

    Raises Refused `test_no_email` for a person whose address Slack does not show. `public_id` is a fresh random id.
    """
    if person.email is None:
        raise Refused("test_no_email")
    assert group.id is not None
    raw = compose(tx, group, person, public_id)
    message = Message(size=len(raw), digest="", raw=raw, created_at=tx.now)
    tx.add(message)
    await tx.flush()
    row: dict[str, Any] = {
        "group_id": group.id,
        "message_id": message.id,
        "public_id": public_id,
        "return_path": "",
        "author": person.email,
        "author_name": person.name,
        "subject": "",
        "header_message_id": "",
        "helo": "",
        "client": "",
        "verdict": "",
        "results": [],
        "origin": Origin(chain="none").as_json(),
        "decision_reason": "",
        "standing": Standing.ADMINISTRATOR,
        "authenticated": True,
        "state": PostState.ACCEPTED,
        "reasons": [],
        "trail": [],
        "created_at": tx.now,
        "accepted_at": tx.now,
        "policy": names.policy(group).as_json(),
        "high_water": 0,
        "expanded_id": 0,
        "rejudge": False,
        "addressed": [],
        "nested": [],
        "nesting": False,
        "depth": 0,
        "test": True,
    }
    result = await (await tx.connection()).execute(inserts.insert(tx, Post).values(row).returning(col(Post.id)))
    post_id = result.scalar_one()
    assert post_id is not None
    await audit.record(tx, "group.tested", persons.actor(person), group_id=group.id, subject=f"post:{post_id}")
    await outbox.announce(tx, NoticeKind.TEST_STEPS, post_id, [person.slack_id], group_id=group.id)
    await outbox.announce(tx, NoticeKind.REPORT, post_id, [], group_id=group.id)
    tx.wake(Topic.EXPAND)
    post = await tx.get(Post, post_id)
    assert post is not None
    return post


def compose(tx: Writing, group: Group, person: Person, public_id: str) -> bytes:
    """The test mail's bytes, as if the group's owner had written it."""
    key = f"mail.{LetterKind.TEST}"
    language = str(languages.spoken(person.locale, group.language))
    values: dict[str, Any] = {"group": group.address, "name": group.display_name, "person": person.name}
    mail = EmailMessage()
    mail["From"] = group.address
    mail["To"] = group.address
    mail["Subject"] = " ".join(texts.say(language, f"{key}.subject", **values).split())
    mail["Date"] = format_datetime(tx.now)
    mail["Message-ID"] = f"<{public_id}@{group.route.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(texts.say(language, f"{key}.body", **values))
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
