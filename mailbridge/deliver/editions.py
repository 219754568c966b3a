"""Editions of the posts in work, kept as long as their octets fit a bound: made once per post, not per copy."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from mailbridge.rewrite.edition import Edition, Offers, edition
from mailbridge.rewrite.letters import letter
from mailbridge.rewrite.trace import Trace
from mailbridge.rewrite.wire import stuffed
from mailbridge.tokens import Tokens
from store.engine import Bulk
from store.schema.group import Group
from store.schema.letter import Letter
from store.schema.message import Message
from store.schema.post import Post
from store.terms import Copies, GroupKind, GroupPolicy, Language, LetterKind

KEPT_OCTETS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Publisher:
    """What does not change from post to post: our name, our keys, the page contacts leave by (None: none)."""

    hostname: str
    tokens: Tokens
    bounce_domain: str
    one_click_url: str | None
    authserv_id: str = ""

    def return_path(self, delivery_id: int, domain: str) -> str:
        """The delivery's own return path on the route's domain (VERP)."""
        return f"bounces+{self.tokens.bounce(delivery_id)}@{domain}"


@dataclass(frozen=True, slots=True)
class Publication:
    """A post or a letter ready for copies: its group as frozen (None for a letter), and the octets all share."""

    group: GroupPolicy | None
    edition: Edition
    test: bool = False

    @property
    def shared(self) -> bool:
        return self.group is not None and self.group.copies is Copies.SHARED


class Editions:
    """Publications by post id; the ones used longest ago make room."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._kept: OrderedDict[int, Publication] = OrderedDict()
        self._octets = 0

    def get(self, bulk: Bulk, post_id: int) -> Publication | None:
        """The post's publication, built if it is not kept; None if its bytes are gone."""
        if post_id in self._kept:
            self._kept.move_to_end(post_id)
            return self._kept[post_id]
        query = select(
            col(Message.raw), col(Post.policy), col(Post.public_id), col(Post.accepted_at), col(Post.helo),
            col(Post.client), col(Post.test),
        )  # fmt: skip
        query = query.join(Message, col(Message.id) == col(Post.message_id)).where(col(Post.id) == post_id)
        row = bulk.connection.execute(query).one()
        if row.raw is None:
            return None
        publication = self._publish(row)
        self._kept[post_id] = publication
        self._octets += publication.edition.size
        while self._octets > KEPT_OCTETS and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._octets -= dropped.edition.size
        return publication

    def _publish(self, row: Any) -> Publication:
        policy = GroupPolicy.from_json(row.policy)
        trace = Trace(
            public_id=row.public_id,
            accepted_at=row.accepted_at,
            hostname=self._publisher.hostname,
            helo=row.helo,
            client=row.client,
            authserv_id=self._publisher.authserv_id,
        )
        own = policy.kind is GroupKind.GROUP
        offers = Offers(leave_mailto=own, one_click=self._publisher.one_click_url is not None, owner=own)
        return Publication(policy, edition(row.raw, policy, trace, offers), row.test)

    def letter(self, bulk: Bulk, letter_id: int) -> Publication:
        """A letter's octets, from its row and the catalogue."""
        row = bulk.connection.execute(select(Letter.__table__).where(col(Letter.id) == letter_id)).one()  # type: ignore[attr-defined]  # SQLModel sets it
        group = None
        if row.group_id is not None:
            group = bulk.connection.execute(select(Group.__table__).where(col(Group.id) == row.group_id)).one()  # type: ignore[attr-defined]  # SQLModel sets it
        raw = letter(
            LetterKind(row.kind),
            Language(row.language),
            row.address,
            _texts(row.arguments),
            group=group and policy_of(group),
            message_id=f"letter-{letter_id}@{self._publisher.hostname}",
            date=row.created_at,
            hostname=self._publisher.hostname,
            in_reply_to=row.in_reply_to,
        )
        wire = stuffed(raw)
        return Publication(None, Edition(b"", wire, eight_bit=not raw.isascii(), utf8=False, size=len(raw)))


def _texts(arguments: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in arguments.items()}


def policy_of(row: Any) -> GroupPolicy:
    """The frozen settings of a group's row as Core gives it."""
    names = GroupPolicy.__dataclass_fields__
    return GroupPolicy(group_id=row.id, **{name: getattr(row, name) for name in names if name != "group_id"})
