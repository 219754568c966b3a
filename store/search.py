"""Search: a roster looked through for a part of a name or an address, whatever case and accents either is written with.

In Python, a piece at a time: the engines do not agree on what a lower-case letter is (SQLite knows those of ASCII
alone), and a search stops where the page it is for is full.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

from sqlmodel import col, select

from store.engine import Reading
from store.schema.membership import Membership
from store.schema.person import Person

PIECE = 5_000  # rows
FLAGS: Final[dict[str, Any]] = {
    "contact": col(Membership.contact),
    "moderator": col(Membership.moderator),
    "administrator": col(Membership.administrator),
}
_ACCENTS: Final = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]+")
# Letters that Unicode takes for letters of their own rather than for accented ones.
_BARE: Final = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "œ": "oe", "æ": "ae", "þ": "th"})


def plain(text: str) -> str:
    """The text without case and accents: `Élise Müßig` as `elise mussig`."""
    if text.isascii():
        return text.lower()  # nearly all of a roster
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold())).translate(_BARE)


async def members(tx: Reading, group_id: int | None, text: str, *, most: int, only: str | None = None) -> list[int]:
    """The ids of the first `most` memberships, by id, whose address or name holds `text`, or of those with a flag."""
    wanted, last, found = plain(text.strip()), 0, list[int]()
    while True:
        query = select(Membership.id, Membership.key, Membership.name, Person.name)
        query = query.outerjoin(Person, col(Person.id) == col(Membership.person_id))
        query = query.where(col(Membership.group_id) == group_id, col(Membership.id) > last)
        if only is not None:
            query = query.where(FLAGS[only])
        rows = (await tx.exec(query.order_by(col(Membership.id)).limit(PIECE))).all()
        for row_id, key, name, known in rows:
            # A line each: no search goes over from one into the next.
            if row_id is not None and wanted in plain(f"{key or ''}\n{name}\n{known or ''}"):
                found.append(row_id)
        if len(found) >= most or len(rows) < PIECE:
            return found[:most]
        last = rows[-1][0] or 0
