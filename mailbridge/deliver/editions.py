"""Editions of the posts in work, kept as long as their octets fit a bound: made once per post, not per copy."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial

from mailbridge import headers
from mailbridge.deliver.sealing import Sealing
from mailbridge.policy.author import NoAuthor, author
from mailbridge.rewrite import arc
from mailbridge.rewrite.author import Writer
from mailbridge.rewrite.covered import body_hash
from mailbridge.rewrite.dkim import Identities, Template, templates
from mailbridge.rewrite.edition import Edition, Offers, edition
from mailbridge.rewrite.letters import Confirmation, confirmation, letter
from mailbridge.rewrite.lines import CRLF
from mailbridge.rewrite.trace import Trace
from mailbridge.rewrite.wire import stuffed
from mailbridge.tokens import Tokens
from store import sources
from store.alteration import Alteration
from store.engine import Bulk
from store.terms import Copies, GroupKind, GroupPolicy, LetterKind, folded

KEPT_OCTETS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Publisher:
    """What does not change from post to post: our name, our tokens, the page contacts leave by (None: none), in whose
    name copies are signed, and the domains our groups are at."""

    hostname: str
    tokens: Tokens
    one_click_url: str | None
    authserv_id: str = ""
    identities: Identities = field(default_factory=Identities)
    domains: Collection[str] = frozenset()

    def return_path(self, delivery_id: int, domain: str) -> str:
        """The delivery's own return path on the route's domain (VERP)."""
        return f"bounces+{self.tokens.bounce(delivery_id)}@{domain}"


@dataclass(frozen=True, slots=True)
class Publication:
    """A post or a letter ready for copies: its group as frozen (None for a letter), the octets all share, what their
    signatures are made of (empty: they are not signed), and the ARC set that is put on top of what they share, if any.

    `returns` is the domain copies come back to; "" for the null return path, which letters have (RFC 3834 3.3) but for
    the probe, whose whole point is to come back.
    """

    group: GroupPolicy | None
    edition: Edition
    returns: str = ""
    templates: tuple[Template, ...] = ()
    sealing: Sealing | None = None

    @property
    def seal(self) -> bytes:
        """The ARC set; b"" where there is none."""
        return self.sealing.fields if self.sealing is not None else b""

    @property
    def shared(self) -> bool:
        return self.group is not None and self.group.copies is Copies.SHARED


class Draft:
    """What a publication is made from, until the first who asks has it made. `octets` says about how large it is,
    `failures` how often it could not be made, `post_id` whose it is, while its report may not know what was changed."""

    __slots__ = ("_made", "_make", "failures", "octets", "post_id")

    def __init__(self, octets: int, make: Callable[[], Publication], post_id: int | None = None) -> None:
        self.octets = octets
        self.failures = 0
        self.post_id = post_id
        self._make: Callable[[], Publication] | None = make
        self._made: Publication | None = None

    def publication(self) -> Publication:
        """The publication; the first time this reads all of its octets some ten times, 0.3 s for the largest mail."""
        if self._made is None:
            assert self._make is not None
            try:
                self._made, self._make = self._make(), None
            except Exception:
                self.failures += 1
                raise
        return self._made

    def untold(self) -> dict[int, Alteration]:
        """What the post's report is to be told of its publication, once; nothing mostly."""
        post_id, self.post_id = self.post_id, None
        alteration = self.publication().edition.alteration
        return {post_id: alteration} if alteration and post_id is not None else {}


class Editions:
    """Drafts by post id; the ones used longest ago make room. Read in the transaction that claims, made after it: a
    database's write lock is not held for arithmetic."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._kept: OrderedDict[int, Draft] = OrderedDict()
        self._octets = 0

    def of_post(self, bulk: Bulk, post_id: int) -> Draft:
        """The post's draft, read if it is not kept."""
        if post_id in self._kept:
            self._kept.move_to_end(post_id)
            return self._kept[post_id]
        source = sources.of_post(bulk, post_id)
        told = post_id if not source.altered else None
        draft = self._kept[post_id] = Draft(len(source.raw), partial(self.publish, source), told)
        self._octets += draft.octets
        while self._octets > KEPT_OCTETS and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._octets -= dropped.octets
        return draft

    def of_letter(self, bulk: Bulk, letter_id: int) -> Draft:
        """A letter's draft, from its row and the catalogue."""
        return Draft(0, partial(self._write, sources.of_letter(bulk, letter_id), letter_id))

    def publish(self, source: sources.PostSource) -> Publication:
        """A post as its group publishes it."""
        trace = Trace(
            public_id=source.public_id,
            accepted_at=source.accepted_at,
            hostname=self._publisher.hostname,
            helo=source.helo,
            client=source.client,
            protocol=source.protocol,
            authserv_id=self._publisher.authserv_id,
            results=source.results,
            carriers=source.carriers,
        )
        own = source.policy.kind is GroupKind.GROUP
        offers = Offers(
            leave_mailto=own, one_click=self._publisher.one_click_url is not None, owner=own, join=own, help=own
        )
        # The published domain is the one people know; the route's is surely ours.
        route = _domain(source.policy.route)
        identities = self._publisher.identities.speaking_for(_domain(source.policy.address), route)
        signs_for = identities[0].domain if identities else ""
        writer = _writer(source, self._publisher.domains)
        made = edition(source.raw, source.policy, trace, offers, writer, source.origin, signs_for)
        if not identities:
            return Publication(source.policy, made, route)
        hashed, moment = body_hash(made.head, made.wire), source.accepted_at
        seal = arc.seal(made.head, hashed, trace, source.origin.chain, identities, moment)
        signed = templates(made.head, hashed, identities, moment)
        return Publication(source.policy, made, route, signed, None if seal is None else Sealing(seal))

    def _write(self, source: sources.LetterSource, letter_id: int) -> Publication:
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
            confirmation=self._confirmation(source),
        )
        foreign = not source.address.isascii()
        head = headers.split(raw)[0] + CRLF
        made = Edition(head, stuffed(raw), eight_bit=not raw.isascii(), utf8=foreign, size=len(raw))
        route = _domain(source.group.route) if source.group else hostname
        # The domain of its From, for DMARC asks for that one (RFC 9989 4.4).
        identities = self._publisher.identities.speaking_for(route)
        signed = templates(head, body_hash(head, made.wire), identities, source.created_at) if identities else ()
        returns = route if source.kind is LetterKind.BOUNCE_PROBE and source.group else ""
        return Publication(None, made, returns, signed)

    def _confirmation(self, source: sources.LetterSource) -> Confirmation | None:
        if source.kind is not LetterKind.JOIN_CONFIRM or source.group is None:
            return None
        token = self._publisher.tokens.confirm(int(source.arguments["request"]))
        return confirmation(source.group.route, token, self._publisher.one_click_url)


def _writer(source: sources.PostSource, ours: Collection[str]) -> Writer | None:
    """The one mailbox of the one From, as intake read it; None for what intake would not take for one."""
    fields = headers.fields(headers.split(source.raw)[0])
    found = [field for field in fields if field.name == b"from"]
    try:
        read = author(found[0].value) if len(found) == 1 else None
    except NoAuthor:
        return None
    if read is None:
        return None
    # Each group marks its copies with its address (X-Loop).
    address = str(read.address)
    marks = {field.value.lower() for field in fields if field.name == b"x-loop"}
    group = read.address.domain in ours and folded(address).encode("utf-8", "replace") in marks
    return Writer(address, read.name, proven=source.authenticated, group=group)


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
