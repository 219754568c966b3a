"""Making what was proposed: exactly what was shown, looked at again at that moment, each change once.

Some thousand changes are a transaction that moves the proposal on as well. A process that dies leaves a proposal at
the last piece that was made; whoever finds it goes on from there, and two at once take turns.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from functools import partial

import structlog
from sqlalchemy import ARRAY, String, bindparam, func, literal, select, text, update
from sqlmodel import col

from store import audit, comparing, enrolment, memberships, proposals, roster, rulings, suppressions
from store.chunks import chunks, one_of
from store.engine import Bulk, Database, Writing
from store.inserts import insert as insert_new
from store.proposals import Changes
from store.schema.group import Name
from store.schema.membership import Membership
from store.schema.person import Person
from store.schema.request import Request
from store.terms import Actor, Address, Receiving, Refused, RequestState
from store.verdicts import ProposalState

PIECE = 2000  # a transaction of so many is short enough for mail to come in between
Contact = tuple[Address, str]
TOLD = ("address", "key", "domain", "name")  # of a contact by its line

_log = structlog.get_logger(__name__)


async def carry_out(database: Database, proposal_id: int) -> bool:
    """Make what is left of an approved proposal; False where another process does, or nothing is left."""
    async with database.reading() as tx:
        proposal = await proposals.get(tx, proposal_id)
    if proposal is None or proposal.state is not ProposalState.APPLYING or proposal.changes is None:
        return False
    changes = await asyncio.to_thread(Changes.unpacked, proposal.changes)
    actor = await proposals.database_actor(database, proposal)
    outcome = Counter(proposal.outcome)
    try:
        while proposal.done < proposal.total:
            length = min(PIECE, proposal.total - proposal.done)
            part = changes.part(proposal.done, length)
            async with database.writing() as tx:
                if not await proposals.advance(tx, proposal, length):
                    return False
                outcome += await _made(tx, proposal.group_id, part, actor)
                await proposals.note(tx, proposal_id, outcome)
            proposal.done += length
            if proposal.done == PIECE < proposal.total:
                await database.bulk(_sampled)
    except Refused as refused:
        async with database.writing() as tx:
            await proposals.finish(tx, proposal_id, ProposalState.BROKEN_OFF)
        _log.info("proposal.broken_off", proposal=proposal_id, group=proposal.group_id, cause=refused.name)
        return True
    async with database.writing() as tx:
        await proposals.finish(tx, proposal_id, ProposalState.APPLIED)
    _log.info("proposal.applied", proposal=proposal_id, group=proposal.group_id, **outcome)
    return True


def _sampled(bulk: Bulk) -> None:
    """Let PostgreSQL look at the roster now: it does so on its own within a minute, and until then takes a group it has
    not met for a small one, whose rows it reads through at each question."""
    if bulk.dialect == "postgresql":
        bulk.connection.execute(text("ANALYZE membership"))


async def go_on(database: Database) -> int:
    """Make what is left of proposals whose process died. Returns how many were finished."""
    async with database.reading() as tx:
        left = await proposals.abandoned(tx)
    return sum([await carry_out(database, proposal_id) for proposal_id in left])


async def _made(tx: Writing, group_id: int, part: Changes, actor: Actor) -> Counter[str]:
    """Make a piece. Raises Refused `group_gone`."""
    await roster.lock(tx, group_id)
    done: Counter[str] = Counter()
    if part.add:
        done += await _add(tx, group_id, [(Address.parse(text), name) for text, name in part.add], actor)
    if part.rename:
        done["renamed"] = await tx.run(lambda bulk: _rename(bulk, group_id, part.rename))
    if part.withdraw:
        rows = await roster.rows(tx, group_id, ids=part.withdraw)
        ids = [row.id for row in rows if row.id and row.contact and row.receiving is not Receiving.STOPPED]
        done["withdrawn"] = await memberships.withdraw_flags(tx, group_id, ids, contact=True, actor=actor) if ids else 0
        done["gone"] = len(part.withdraw) - done["withdrawn"]
    return done


async def _add(tx: Writing, group_id: int, contacts: Sequence[Contact], actor: Actor) -> Counter[str]:
    """Enrol them, but for those who left, or whose address became one of ours, since the difference was shown."""
    out = set(await suppressions.among(tx, group_id, [address.key for address, _ in contacts]))
    banned = await rulings.bans(tx, group_id)
    welcome = [contact for contact in contacts if contact[0].key not in out and not banned(contact[0].key)]
    keys = [address.key for address, _ in welcome]
    known = await tx.run(lambda bulk: _known(bulk, group_id, keys))
    fresh = [contact for contact in welcome if contact[0].key not in known]
    if fresh:
        await tx.run(lambda bulk: _insert(bulk, group_id, fresh))
        details = {"flags": ["contact"], "count": len(fresh)}
        await audit.record(tx, "membership.added", actor, group_id=group_id, details=details)
    done = Counter({"added": len(fresh), "kept_out": len(contacts) - len(welcome)})
    met = [contact for contact in welcome if contact[0].key in known]
    if not met:
        return done
    own = await comparing.ours(tx)
    unfit = {key for key in known & set(own) if comparing.unfit(own[key], group_id)}
    stopped = await roster.rows(tx, group_id, keys=[address.key for address, _ in met])
    out = {row.key for row in stopped if row.key and row.receiving is Receiving.STOPPED}
    entries = [roster.Entry(address, None, name) for address, name in met if address.key not in out | unfit]
    if entries:
        enrolled = await enrolment.enrol(tx, group_id, entries, contact=True, actor=actor)
        done["added"] += len(enrolled.added) + len(enrolled.changed)
        done["already"] += len(enrolled.already)
    done["kept_out"] += len(met) - len(entries)
    return done


def _known(bulk: Bulk, group_id: int, keys: Collection[str]) -> set[str]:
    """Those that a name of ours, a person, the roster or a waiting request knows."""
    waiting = [RequestState.UNCONFIRMED, RequestState.PENDING]
    found: set[str] = set()
    for some in chunks(keys):
        among = partial(one_of, bulk.dialect, texts=some)
        for query in (
            select(col(Name.address)).where(among(col(Name.address))),
            select(col(Person.email)).where(among(col(Person.email))),
            select(col(Membership.key)).where(col(Membership.group_id) == group_id, among(col(Membership.key))),
            select(col(Request.key)).where(
                col(Request.group_id) == group_id, among(col(Request.key)), col(Request.state).in_(waiting)
            ),
        ):
            found.update(str(key) for key in bulk.connection.execute(query).scalars())
    return found


def _insert(bulk: Bulk, group_id: int, contacts: Sequence[Contact]) -> None:
    """Rows for people nobody knows yet: what enrolling does, without its questions."""
    told = [(str(address), address.key, address.domain, name) for address, name in contacts]
    alike = {
        "group_id": group_id, "contact": True, "moderator": False, "administrator": False,
        "receiving": Receiving.ON, "created_at": bulk.now,
    }  # fmt: skip
    new = insert_new(bulk, Membership)
    if bulk.dialect == "sqlite":
        rows = [alike | dict(zip(TOLD, one, strict=True)) for one in told]
        bulk.connection.execute(new.on_conflict_do_nothing(), rows)
        return
    # One statement: PostgreSQL answers each of many, and its driver writes each anew.
    given = func.unnest(*(literal(list(texts), ARRAY(String)) for texts in zip(*told, strict=True)))
    people = given.table_valued(*TOLD).render_derived()
    table = Membership.__table__  # type: ignore[attr-defined]  # SQLModel sets it
    values = [literal(value, table.c[name].type) for name, value in alike.items()]
    rows_of = select(*values, *(people.c[name] for name in TOLD))
    bulk.connection.execute(new.from_select([*alike, *TOLD], rows_of).on_conflict_do_nothing())


def _rename(bulk: Bulk, group_id: int, renamed: Sequence[tuple[int, str]]) -> int:
    """A name the file gave; who is a person in Slack has theirs from there."""
    row = update(Membership).where(
        col(Membership.id) == bindparam("number"),
        col(Membership.group_id) == group_id,
        col(Membership.person_id).is_(None),
    )
    values = [{"number": number, "given": name} for number, name in renamed]
    return int(bulk.connection.execute(row.values(name=bindparam("given")), values).rowcount)
