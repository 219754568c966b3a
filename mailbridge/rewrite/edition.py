"""Edition: the post as its group publishes it, the same for every contact, made once."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from mailbridge import headers
from mailbridge.rewrite.author import Writer, stays, via
from mailbridge.rewrite.footer import NoFooter, footed, footer
from mailbridge.rewrite.lines import CRLF, line, phrase
from mailbridge.rewrite.removed import is_removed
from mailbridge.rewrite.replies import directed
from mailbridge.rewrite.subject import tagged
from mailbridge.rewrite.survival import Content, surviving, without
from mailbridge.rewrite.trace import Trace, authentication_results, date, identifier, received
from mailbridge.rewrite.trim import Trimmer, trims
from mailbridge.rewrite.wire import clean, stuffed
from store.alteration import AS_IT_CAME, Alteration
from store.terms import Copies, GroupKind, GroupPolicy, Origin, Posting, ReplyTo, Subscription

_ADDRESS_FIELDS: Final = frozenset(
    {b"from", b"sender", b"reply-to", b"to", b"cc", b"resent-from", b"resent-sender", b"resent-to", b"resent-cc"}
)
_OUTSIDE: Final = re.compile(rb'[\s<>()\[\],;:"\\]')
_LOCAL_NEAR, _DOMAIN_NEAR = 128, 255  # octets on both sides of an @ that can be an address
# What will still be put on top of the Edition: its seal, and what a Copy's prefix may hold.
_SEAL: Final = (b"dkim-signature", b"arc-seal", b"arc-message-signature", b"arc-authentication-results")
_NEEDED: Final = (b"message-id", b"date")
_PER_COPY: Final = (b"list-unsubscribe", b"list-unsubscribe-post")


@dataclass(frozen=True, slots=True)
class Offers:
    """What answers for this group: a header that names an address or a page is written only if it does.

    `leave_mailto`: the `-leave` address; `owner`: the `-owner` address; `one_click`: the web page, which only the
    Copy's prefix names, since its address is each contact's own; `join` and `help`: those addresses.
    """

    leave_mailto: bool
    one_click: bool
    owner: bool
    join: bool = False
    help: bool = False


@dataclass(frozen=True, slots=True)
class Edition:
    """The octets all copies of a post share.

    `head` is the header block with its blank line, before dot-stuffing (what a signature is made over); `wire` is
    head and body, dot-stuffed and ended by CRLF, ready to follow a Copy's prefix after 354. `size` counts the octets
    of head and body without stuffing, as SIZE= does (RFC 1870 3), and without the prefix.

    `eight_bit` asks for 8BITMIME. `utf8` asks for SMTPUTF8, and only an address that is not ASCII does: raw 8-bit
    text in a Subject or a name is common, older than RFC 6532 and taken by every hop, and to refuse it by 5.6.7
    would help nobody.

    `alteration` is what the report tells of a body that is not as it came.
    """

    head: bytes
    wire: bytes
    eight_bit: bool
    utf8: bool
    size: int
    alteration: Alteration = AS_IT_CAME


def edition(
    raw: bytes,
    group: GroupPolicy,
    trace: Trace,
    offers: Offers,
    writer: Writer | None = None,
    origin: Origin = Origin(),  # noqa: B008 - frozen
    signs_for: str = "",
) -> Edition:
    """Return the Edition of the message `raw` for `group`: our lines on top, some fields gone, the rest as it was, but
    for what the group's settings ask: attachments trimmed, a footer, a tag before the subject, replies to the group.

    From stays too, unless the domain of its mailbox (`writer`, None if it has none) asks for a signature of its own and
    none is there that survives: then it is the group's, "via" which the author writes. Signatures that held when the
    message came (`origin`) and are broken by what we change are taken out: they would only tell of a forgery that is
    none, and what they proved stands in our Authentication-Results. `signs_for` is the domain our copies are signed by.

    The same arguments give the same octets, so every worker, and a worker after a restart, builds the same copy.
    Raises ValueError for a message that intake does not let in (see `wire.clean`), or settings that are no settings.
    """
    raw = _ended(clean(raw))
    identities = (trace.hostname, trace.authserv_id)
    head, body = headers.split(raw)
    was = Content(headers.fields(head), body)
    altered, alteration = _altered(raw, group, offers)
    head, body = headers.split(altered)
    kept = [field for field in headers.fields(head) if not is_removed(field, identities)]
    # One that is empty counts as missing, here as for receivers, some of which refuse a mail for it.
    kept = [field for field in kept if field.value or field.name not in _NEEDED]
    kept = _directed(tagged(kept, group.subject_tag) if group.subject_tag else kept, group, offers)
    names = {field.name for field in kept}
    # Above our Received, so that nobody takes it for a finding of an earlier hop (RFC 8601 4.1).
    lines = [authentication_results(trace), received(trace, group.address), *_group_lines(group, offers)]
    # They have carried it too, though no copy of theirs went this way: it must not come to them again.
    lines += [line("X-Loop", address) for address in trace.carriers]
    if b"message-id" not in names:
        lines.append(line("Message-ID", f"<{identifier(trace)}@{trace.hostname}>"))
    if b"date" not in names:
        lines.append(line("Date", date(trace)))
    above = (*_SEAL, *(_PER_COPY if group.kind is GroupKind.GROUP else ()))
    now = Content([*headers.fields(b"".join(lines)), *kept], body)
    holding = surviving(was, now, above, origin.signed, trace.accepted_at)
    survives = not holding.isdisjoint(origin.own)
    if writer is not None and not stays(writer, origin, survives=survives, signs_for=signs_for):
        # Every signature covers From (RFC 6376 5.4).
        kept, holding = via(kept, writer, group), frozenset()
    kept = without(kept, [was.fields[at] for at in origin.signed if at not in holding and at < len(was.fields)])
    # `split` leaves the blank line to the body; here it ends the head.
    head = b"".join(lines) + b"".join(field.raw for field in kept) + CRLF
    whole = head + body[len(CRLF) :]
    return Edition(
        head=head,
        wire=stuffed(whole),
        eight_bit=not whole.isascii(),
        utf8=any(_foreign_address(field) for field in kept),
        size=len(whole),
        alteration=alteration,
    )


def _ended(raw: bytes) -> bytes:
    """The message with a blank line behind its header, where it has none."""
    head, body = headers.split(raw)
    return raw if body.startswith(CRLF) else head + CRLF + body


def _altered(raw: bytes, group: GroupPolicy, offers: Offers) -> tuple[bytes, Alteration]:
    """The message as the group's settings want its body: the same octets where they want nothing."""
    alteration = AS_IT_CAME
    if trims(group, len(raw)):
        raw, alteration = Trimmer(raw).trimmed(group)
    if group.footer is not None:
        owner = _owner(group) if offers.owner else ""
        try:
            raw = footed(raw, footer(group, owner), group.language)
        except NoFooter as none:
            alteration = replace(alteration, unfooted=none.why)
    return raw, alteration


def _directed(fields: list[headers.Field], group: GroupPolicy, offers: Offers) -> list[headers.Field]:
    if group.kind is not GroupKind.GROUP or group.reply_to is ReplyTo.AUTHOR:
        return fields
    if group.reply_to is ReplyTo.GROUP:
        return directed(fields, group.display_name, group.address)
    return directed(fields, group.display_name, _owner(group)) if offers.owner else fields


def _owner(group: GroupPolicy) -> str:
    local, _, domain = group.route.rpartition("@")
    return f"{local}-owner@{domain}"


def _group_lines(group: GroupPolicy, offers: Offers) -> list[bytes]:
    loop = line("X-Loop", group.address)
    precedence = line("Precedence", "list")  # vacation programs stay silent (RFC 3834 2)
    if group.kind is not GroupKind.GROUP:
        return [precedence, loop]  # an address of a role: nobody subscribes to it, and nobody leaves it
    local, _, domain = group.route.rpartition("@")
    lines = [
        line("List-Id", *phrase(group.display_name), f"<{local}.{domain}>"),
        line("List-Post", "NO" if group.posting is Posting.ADMINISTRATORS else f"<mailto:{group.address}>"),
    ]
    if offers.owner:
        lines.append(line("List-Owner", f"<mailto:{_owner(group)}>"))
    if offers.help:
        lines.append(line("List-Help", f"<mailto:{local}-help@{domain}>"))
    if offers.join and group.subscription is not Subscription.CLOSED:
        lines.append(line("List-Subscribe", f"<mailto:{local}-join@{domain}>"))
    if offers.leave_mailto and group.copies is Copies.SHARED:
        lines.append(line("List-Unsubscribe", f"<mailto:{local}-leave@{domain}>"))
    return [*lines, precedence, loop]


def _foreign_address(field: headers.Field) -> bool:
    if field.name not in _ADDRESS_FIELDS or field.value.isascii():
        return False
    # By its @ rather than by one pattern: a field of 256 KiB without any would be searched anew from every octet.
    pieces = field.value.split(b"@")
    return any(not (_local(before) + _domain(after)).isascii() for before, after in pairwise(pieces))


def _local(before: bytes) -> bytes:
    near = before[-_LOCAL_NEAR:]
    return near[:-1].rpartition(b'"')[2] if near.endswith(b'"') else _OUTSIDE.split(near)[-1]


def _domain(after: bytes) -> bytes:
    return _OUTSIDE.split(after[:_DOMAIN_NEAR], maxsplit=1)[0]
