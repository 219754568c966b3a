"""Sealing: committed rows of the audit get their place in the chain, seconds after they were written.

Not in the transaction that writes them: there the head's row would make every act of every process wait for the one
before it to commit. Whoever seals locks the head and takes what is committed, in the order of ids; a row that commits
later under a lower id gets a later place, and nothing is left out.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, select, update
from sqlmodel import col, func
from sqlmodel import select as choose

from store import chain
from store.engine import Bulk, Database, Reading
from store.schema.audit import UNSEALED, Audit, AuditHead

AT_ONCE: Final = 1000
_COLUMNS: Final = (
    col(Audit.id), col(Audit.at), col(Audit.actor), col(Audit.as_operator), col(Audit.verb), col(Audit.group_id),
    col(Audit.subject), col(Audit.details),
)  # fmt: skip
_place = update(Audit).where(col(Audit.id) == bindparam("row"))
_SEALED: Final = _place.values(seal=bindparam("seal"), hash=bindparam("hash"), salts=bindparam("salts"))


@dataclass(frozen=True, slots=True)
class Fault:
    """The first row that is not as it was sealed. `kind`: `altered`, `missing` (the row of that place is gone),
    `cut` (the end is gone), `added` (beyond the end), `anchor` (not the head that was noted elsewhere)."""

    kind: str
    seal: int
    row: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk along the chain found: the rows that hold, the hash of the last, texts erased, rows yet to seal."""

    count: int
    head: str
    erased: int
    unsealed: int
    fault: Fault | None = None


async def seal(database: Database) -> int:
    """Seal what is committed. Returns how many rows were."""
    async with database.reading() as tx:
        if (await tx.exec(choose(Audit.id).where(UNSEALED).limit(1))).first() is None:
            return 0
    sealed = 0
    while True:
        done = await database.bulk(_seal)
        sealed += done
        if done < AT_ONCE:
            return sealed


async def head(tx: Reading) -> tuple[int, str]:
    """How long the chain is, and its last hash."""
    return (await tx.exec(choose(AuditHead.count, AuditHead.hash).where(col(AuditHead.id) == 1))).one()


def _seal(bulk: Bulk) -> int:
    query = select(col(AuditHead.count), col(AuditHead.hash)).where(col(AuditHead.id) == 1)
    count, last = bulk.connection.execute(query.with_for_update()).one()
    rows = bulk.connection.execute(select(*_COLUMNS).where(UNSEALED).order_by(col(Audit.id)).limit(AT_ONCE)).all()
    places: list[dict[str, Any]] = []
    for row in rows:
        count += 1
        salts = chain.salted(row.details, lambda: secrets.token_hex(16))
        last = chain.link(last, chain.Row(count, *row), salts)
        places.append({"row": row.id, "seal": count, "hash": last, "salts": salts})
    if places:
        bulk.connection.execute(_SEALED, places)
        bulk.connection.execute(update(AuditHead).where(col(AuditHead.id) == 1).values(count=count, hash=last))
    return len(rows)


async def verify(tx: Reading, anchor: tuple[int, str] | None = None) -> Verdict:
    """Walk the whole chain. `anchor` is a count and hash noted earlier, elsewhere: it must lie on the way."""
    count, hash_ = await head(tx)
    unsealed = (await tx.exec(choose(func.count()).select_from(Audit).where(UNSEALED))).one()
    walk = _Walk(anchor)
    while walk.fault is None and walk.seal < count:
        query = choose(Audit).where(col(Audit.seal) > walk.seal, col(Audit.seal) <= count).order_by(col(Audit.seal))
        rows = (await tx.exec(query.limit(AT_ONCE))).all()
        if not rows:
            walk.fault = Fault("cut", walk.seal + 1)
            break
        walk.over(rows)
        tx.expunge_all()
    fault = walk.fault
    if fault is None and walk.hash != hash_:
        fault = Fault("altered", count)
    if fault is None:
        # The head of this very moment: somebody may be sealing.
        end = choose(AuditHead.count).where(col(AuditHead.id) == 1).scalar_subquery()
        beyond = choose(Audit.seal, Audit.id).where(col(Audit.seal) > end).order_by(col(Audit.seal)).limit(1)
        if (extra := (await tx.exec(beyond)).first()) is not None:
            fault = Fault("added", extra[0] or 0, extra[1])
    if fault is None and anchor is not None and anchor[0] > count:
        fault = Fault("cut", count + 1)
    return Verdict(walk.seal, walk.hash, walk.erased, unsealed, fault)


@dataclass(slots=True)
class _Walk:
    anchor: tuple[int, str] | None
    seal: int = 0
    hash: str = chain.ORIGIN
    erased: int = 0
    fault: Fault | None = None

    def over(self, rows: Sequence[Audit]) -> None:
        for row in rows:
            assert row.id is not None
            place = self.seal + 1
            if row.seal != place:
                self.fault = Fault("missing", place)
                return
            salts = row.salts or {}
            covered = chain.Row(
                place, row.id, row.at, row.actor, row.as_operator, row.verb, row.group_id, row.subject, row.details
            )
            expected = chain.link(self.hash, covered, salts)
            if expected != row.hash:
                self.fault = Fault("altered", place, row.id)
                return
            if self.anchor is not None and self.anchor[0] == place and self.anchor[1] != expected:
                self.fault = Fault("anchor", place, row.id)
                return
            self.seal, self.hash = place, expected
            self.erased += chain.erased(row.details, salts)
