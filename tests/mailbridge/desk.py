"""A group in which posts wait, go out and grow old, by a clock that tests turn."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from mailbridge import keeping
from store import posts
from store.engine import Database
from store.hours import Hours
from store.marks import Marks
from store.posts import NewMessage, Submission
from store.schema.notice import Notice
from store.schema.post import Post
from store.terms import Action, Actor, Decision, Moderation, NoticeKind, Posting, Reason, Standing
from tests.conftest import Clock
from tests.mailbridge.intake.room import add_group, add_member

HOUR, DAY = 3_600, 86_400
SYSTEM = Actor("system")


class Desk:
    """A group with an administrator, and what waits there."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock, self.group_id, self.made = database, clock, 0, 0

    async def begin(self, **settings: Any) -> Desk:
        given = {"posting": Posting.MEMBERS, "moderation": Moderation.NON_MEMBERS, "moderation_channel": "C1"}
        self.group_id = await add_group(self.database, "team", **(given | settings))
        await add_member(self.database, self.group_id, "boss@example.com", administrator=True)
        return self

    async def hold(self, *, proven: bool = False, reason: str = "non_member", **marks: Any) -> int:
        self.made += 1
        message = NewMessage(
            raw=b"From: a@x.example\r\n\r\nText\r\n", public_id=f"p{self.made}", author=f"a{self.made}@x.example",
            subject="Lunch", header_message_id=f"<{self.made}@x.example>", authenticated=proven,
        )  # fmt: skip
        reasons = (Reason(reason, {"author": "a@x.example", "group": "team@example.org"}),)
        standing = Standing.STRANGER if reason == "non_member" else Standing.MEMBER
        one = Submission(self.group_id, standing, Decision(Action.HOLD, reasons), None, Marks(**marks))
        async with self.database.writing() as tx:
            (post,) = (await posts.submit(tx, message, [one])).posts
        assert post.id is not None
        return post.id

    async def post(self, post_id: int) -> Post:
        async with self.database.reading() as tx:
            found = await posts.get(tx, post_id)
        assert found is not None
        return found

    async def rows(self, table: Any) -> list[Any]:
        async with self.database.reading() as tx:
            return list((await tx.exec(select(table).order_by(col(table.id)))).all())

    async def notices(self, kind: NoticeKind) -> list[Notice]:
        return [notice for notice in await self.rows(Notice) if notice.kind is kind]

    async def reminders(self) -> int:
        return len(await self.notices(NoticeKind.HELD_REMINDER))

    async def run(self) -> tuple[int, int]:
        """What expired and what was reminded of, now."""
        return await keeping.expire(self.database, by_domain=False), await keeping.remind(self.database, hours=Hours())
