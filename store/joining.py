"""Joining by mail: a wish that anybody may have written, the proof that the mailbox's owner means it, and what follows.

Until the proof there is one letter and one waiting row. It is the confirmation that counts, not the wish: whoever is
banned, gone or in by then is judged as of then (`requests.decide` looks once more).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlmodel import col, delete, select, update

from store import (
    allowances,
    audience,
    audit,
    enrolment,
    ladder,
    languages,
    letters,
    memberships,
    names,
    outbox,
    persons,
    roster,
    rulings,
    suppressions,
    waiting,
)
from store.engine import Reading, Writing
from store.inserts import insert
from store.roster import Entry
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.person import Person
from store.schema.request import Request
from store.terms import (
    Actor,
    Address,
    AllowanceScope,
    LetterKind,
    NoticeKind,
    Receiving,
    Refused,
    RequestKind,
    RequestState,
    Subscription,
    SuppressionReason,
    folded,
)
from store.texts import say

VALID = timedelta(days=3)
_MAIL = Actor("mail")
# Who said this wants no mail of the group, a question included, unless the wish is proven to be theirs.
_UNWELCOME = frozenset({SuppressionReason.COMPLAINED, SuppressionReason.FORGOTTEN})
_GOOGLE = frozenset({"gmail.com", "googlemail.com"})


class Spent(Exception):  # noqa: N818 - a limit is an answer, and temporary
    """A limit is used up: of the mailbox (it had its letter), of the client's network, or of the group."""

    def __init__(self, scope: AllowanceScope) -> None:
        super().__init__(scope)
        self.scope = scope


class Confirmed(StrEnum):
    """What a confirmation came to. `gone`: no request waits for it; why is nobody's business but its sender's."""

    JOINED = "joined"
    PENDING = "pending"
    CLOSED = "closed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose mailbox is to join, and the network the wish came from (None: through a relay that carries everybody's)."""

    address: Address
    network: str | None = None


def mailbox(address: Address) -> str:
    """What is one mailbox however it is written: `Ann+news@…` is Ann's (RFC 5233), and Gmail reads no dots."""
    local = folded(address.local)
    local = local.partition("+")[0] or local
    if address.domain in _GOOGLE:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{address.domain}"


async def check(tx: Reading, group_id: int, address: Address) -> None:
    """Raises Refused `contact_is_this_group`, `contact_is_reserved` for what can be nobody's mailbox here.

    An address of ours is no applicant: groups are nested by people, and what answers commands answers letters too.
    """
    plain = Address(address.local.partition("+")[0] or address.local, address.domain)
    await enrolment.check_contacts(tx, group_id, {address.key, plain.key})
    for one in (address, plain):
        if await names.destination(tx, one.key) is not None:
            raise Refused("contact_is_reserved", address=str(one))


async def heard(tx: Reading, wish: Wish) -> bool:
    """Whether the mailbox has had its letter already. A look that costs no write: ten thousand wishes are ten thousand
    looks."""
    return not await allowances.left(tx, AllowanceScope.CONFIRMATION, mailbox(wish.address))


async def unwelcome(tx: Reading, group_id: int, address: Address) -> bool:
    """Whether the address has told the group to write to it no more."""
    found = await suppressions.among(tx, group_id, [address.key])
    return found.get(address.key) in _UNWELCOME


async def banned(tx: Reading, group_id: int, key: str) -> bool:
    """Whether the group takes no request of this address."""
    return bool((await rulings.word(tx, group_id, [key])).banned)


async def ask(tx: Writing, group_id: int, wish: Wish, *, by_domain: bool = False) -> LetterKind:
    """Write the one letter a wish makes: what it says is for the mailbox's owner alone. Gives its kind.

    Raises Spent, Refused `group_gone`; then nothing may be kept.
    """
    # Always in this order, so that wishes at the same moment wait for each other instead of locking up.
    scopes = [(AllowanceScope.CONFIRMATION, mailbox(wish.address)), (AllowanceScope.GROUP, str(group_id))]
    if wish.network is not None:
        scopes.insert(1, (AllowanceScope.NETWORK, wish.network))
    for scope, subject in scopes:
        if not await allowances.take(tx, scope, subject):
            raise Spent(scope)
    group = await roster.lock(tx, group_id)
    arguments = {}
    kind = await _standing(tx, group_id, wish.address.key)
    if kind is None:
        kind = LetterKind.JOIN_CONFIRM
        arguments["request"] = str(await _request(tx, group_id, wish.address))
    await letters.write(
        tx, kind, str(wish.address), group.language, group_id=group_id, arguments=arguments, by_domain=by_domain
    )
    return kind


async def _standing(tx: Reading, group_id: int, key: str) -> LetterKind | None:
    """The letter to somebody who is in already, or asked before; None where a confirmation is wanted."""
    row = await memberships.find(tx, group_id, key=key)
    if row is not None and _receives(row):
        return LetterKind.JOIN_MEMBER
    waits = await tx.exec(
        select(Request.kind).where(
            col(Request.group_id) == group_id, col(Request.key) == key, col(Request.state) == RequestState.PENDING
        )
    )
    kind = waits.first()
    if kind is None:
        return None
    # Who asked to leave is on the roster until that is decided.
    return LetterKind.JOIN_WAITING if kind is RequestKind.JOIN else LetterKind.JOIN_MEMBER


def _receives(row: Membership) -> bool:
    return row.contact and row.receiving is not Receiving.STOPPED


async def _request(tx: Writing, group_id: int, address: Address) -> int:
    """The unconfirmed request of an address: a new one, or the old one begun anew; then each of its letters holds."""
    again = update(Request).where(
        col(Request.group_id) == group_id,
        col(Request.key) == address.key,
        col(Request.state) == RequestState.UNCONFIRMED,
    )
    known = (await tx.scalars(again.values(created_at=tx.now).returning(col(Request.id)))).first()
    if known is not None:
        return known
    values = {
        "group_id": group_id,
        "kind": RequestKind.JOIN,
        "address": str(address),
        "key": address.key,
        "person_id": None,
        "note": "",
        "state": RequestState.UNCONFIRMED,
        "created_at": tx.now,
        "decision_reason": "",
    }
    made = (await tx.scalars(insert(tx, Request).values(values).returning(col(Request.id)))).one()
    assert made is not None
    return made


async def confirm(
    tx: Writing, request_id: int, *, group_id: int | None = None, by_domain: bool = False
) -> tuple[Confirmed, Group | None]:
    """The mailbox's owner means it: join by the policy of now. Once; whatever does not wait (any more) is `gone`.

    With `group_id` the request must be that group's. Whoever is not in Slack is told by a letter.
    """
    found = await tx.get(Request, request_id)
    if found is None or group_id not in (None, found.group_id):
        return Confirmed.GONE, None
    try:
        group = await roster.lock(tx, found.group_id)
    except Refused:
        return Confirmed.GONE, None
    request = await tx.get(Request, request_id, populate_existing=True)
    if request is None or request.state is not RequestState.UNCONFIRMED or request.created_at <= tx.now - VALID:
        return Confirmed.GONE, None
    gone = await suppressions.since(tx, request.group_id, request.key, request.created_at)
    if gone or await banned(tx, request.group_id, request.key):
        await tx.delete(request)  # they have left, complained, been forgotten or banned after they asked
        return Confirmed.GONE, None
    person = await _person(tx, request.key)
    request.person_id, request.confirmed_at = person.id if person else None, tx.now
    tx.add(request)
    await tx.flush()
    await audit.record(tx, "request.confirmed", _MAIL, group_id=request.group_id, subject=f"request:{request_id}")
    return await _admitted(tx, group, request, by_domain=by_domain), group


async def _admitted(tx: Writing, group: Group, request: Request, *, by_domain: bool) -> Confirmed:
    assert group.id is not None
    assert request.id is not None
    row = await memberships.find(tx, group.id, key=request.key)
    # Who stopped their copies never left the roster.
    if group.subscription is Subscription.OPEN or (row is not None and row.contact):
        entry = Entry(Address.parse(request.address), request.person_id)
        await memberships.enrol(tx, group.id, [entry], contact=True, actor=_MAIL, re_enrol=True)
        return Confirmed.JOINED
    if group.subscription is Subscription.CLOSED:
        language = await languages.of_address(tx, request.address, group.language)
        reason = say(language, "mail.join_denied.closed")
        await waiting.close(tx, group.id, RequestState.DENIED, request_id=request.id, reason=reason)
        return Confirmed.CLOSED
    request.state = RequestState.PENDING
    request.expires_at, request.remind_at = tx.now + ladder.REQUEST_EXPIRES, tx.now + ladder.AFTER[ladder.Rung.MENTION]
    tx.add(request)
    await tx.flush()
    targets = await audience.moderators(tx, group)
    await outbox.announce(tx, NoticeKind.REQUEST_CARD, request.id, targets, group_id=group.id)
    if request.person_id is None:
        await letters.write(
            tx, LetterKind.JOIN_WAITING, request.address, group.language, group_id=group.id, by_domain=by_domain
        )
    return Confirmed.PENDING


async def _person(tx: Reading, key: str) -> Person | None:
    """Whose profile has the address; a stranger's is set by their own workspace, and proves nothing to us."""
    people = await persons.by_email(tx, key)
    return next((one for one in people if not (one.deactivated or one.stranger or one.bot)), None)


async def forget_unconfirmed(tx: Writing) -> int:
    """Requests nobody confirmed go without a trace: who has the address may never have written. Returns how many."""
    over = delete(Request).where(
        col(Request.state) == RequestState.UNCONFIRMED, col(Request.created_at) <= tx.now - VALID
    )
    return int((await tx.exec(over)).rowcount)
