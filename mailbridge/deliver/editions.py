"""Editions of the posts in work, kept as long as their octets fit a bound: made once per post, not per copy."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from mailbridge.rewrite.edition import Edition, Offers, edition
from mailbridge.rewrite.letters import letter
from mailbridge.rewrite.trace import Trace
from mailbridge.rewrite.wire import stuffed
from mailbridge.tokens import Tokens
from store import sources
from store.engine import Bulk
from store.terms import Copies, GroupKind, GroupPolicy, LetterKind

KEPT_OCTETS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Publisher:
    """What does not change from post to post: our name, our keys, the page contacts leave by (None: none)."""

    hostname: str
    tokens: Tokens
    one_click_url: str | None
    authserv_id: str = ""

    def return_path(self, delivery_id: int, domain: str) -> str:
        """The delivery's own return path on the route's domain (VERP)."""
        return f"bounces+{self.tokens.bounce(delivery_id)}@{domain}"


@dataclass(frozen=True, slots=True)
class Publication:
    """A post or a letter ready for copies: its group as frozen (None for a letter), and the octets all share.

    `returns` is the domain copies come back to; "" for the null return path, which letters have (RFC 3834 3.3) but for
    the probe, whose whole point is to come back.
    """

    group: GroupPolicy | None
    edition: Edition
    returns: str = ""

    @property
    def shared(self) -> bool:
        return self.group is not None and self.group.copies is Copies.SHARED


class Editions:
    """Publications by post id; the ones used longest ago make room."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._kept: OrderedDict[int, Publication] = OrderedDict()
        self._octets = 0

    def of_post(self, bulk: Bulk, post_id: int) -> Publication:
        """The post's publication, built if it is not kept."""
        if post_id in self._kept:
            self._kept.move_to_end(post_id)
            return self._kept[post_id]
        publication = self._publish(sources.of_post(bulk, post_id))
        self._kept[post_id] = publication
        self._octets += publication.edition.size
        while self._octets > KEPT_OCTETS and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._octets -= dropped.edition.size
        return publication

    def _publish(self, source: sources.PostSource) -> Publication:
        trace = Trace(
            public_id=source.public_id,
            accepted_at=source.accepted_at,
            hostname=self._publisher.hostname,
            helo=source.helo,
            client=source.client,
            authserv_id=self._publisher.authserv_id,
            results=source.results,
        )
        own = source.policy.kind is GroupKind.GROUP
        offers = Offers(leave_mailto=own, one_click=self._publisher.one_click_url is not None, owner=own)
        return Publication(
            source.policy, edition(source.raw, source.policy, trace, offers), _domain(source.policy.route)
        )

    def of_letter(self, bulk: Bulk, letter_id: int) -> Publication:
        """A letter's octets, from its row and the catalogue."""
        source = sources.of_letter(bulk, letter_id)
        hostname = self._publisher.hostname
        raw = letter(
            source.kind,
            source.language,
            source.address,
            source.arguments,
            group=source.group,
            message_id=f"letter-{letter_id}@{hostname}",
            date=source.created_at,
            hostname=hostname,
            in_reply_to=source.in_reply_to,
        )
        foreign = not source.address.isascii()
        returns = _domain(source.group.route) if source.kind is LetterKind.BOUNCE_PROBE and source.group else ""
        octets = Edition(b"", stuffed(raw), eight_bit=not raw.isascii(), utf8=foreign, size=len(raw))
        return Publication(None, octets, returns)


def _domain(route: str) -> str:
    return route.rpartition("@")[2]
