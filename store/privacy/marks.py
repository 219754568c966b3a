"""Marks: keyed one-way traces of forgotten addresses, by which an import, a file or a follower leaves them out.

HMAC-SHA256 with POSTROOM_SECRET, which no dump of the database holds: without it nobody can try addresses out.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection

from sqlmodel import col, delete, select

from store.chunks import chunks
from store.engine import Reading, Writing
from store.inserts import insert
from store.schema.audit import Forgotten

_PURPOSE = b"postroom forgotten\0"


def mark(secret: bytes, key: str) -> str:
    """The mark of an address (in comparing form), hexadecimal."""
    return hmac.digest(secret, _PURPOSE + key.encode(), hashlib.sha256).hex()


async def add(tx: Writing, keys: Collection[str]) -> None:
    """Remember that these were forgotten, with the secret that signs now. Needs a database opened with secrets."""
    for key in keys:
        row = {"mark": mark(tx.secrets[0], key), "created_at": tx.now}
        await tx.exec(insert(tx, Forgotten).values(row).on_conflict_do_nothing())


async def among(tx: Reading, keys: Collection[str]) -> set[str]:
    """Which of these addresses were forgotten, by any secret that is still known."""
    return set((await _marked(tx, keys)).values())


async def clear(tx: Writing, keys: Collection[str]) -> None:
    """They are back by their own wish, or by `--re-enrol`."""
    for some in chunks(await _marked(tx, keys)):
        await tx.exec(delete(Forgotten).where(col(Forgotten.mark).in_(some)))


async def _marked(tx: Reading, keys: Collection[str]) -> dict[str, str]:
    """Mark -> address. No hashing where nobody was ever forgotten: an import asks for 100,000."""
    if not tx.secrets or (await tx.exec(select(Forgotten.mark).limit(1))).first() is None:
        return {}
    by_mark = {mark(secret, key): key for secret in tx.secrets for key in keys}
    found: dict[str, str] = {}
    for some in chunks(by_mark):
        rows = await tx.exec(select(Forgotten.mark).where(col(Forgotten.mark).in_(some)))
        found.update({one: by_mark[one] for one in rows})
    return found
