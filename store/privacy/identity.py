"""Identity: everything one person is known by, found from an address or a Slack id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from sqlmodel import col, or_, select

from store import addresses
from store.engine import Reading
from store.schema.membership import Membership
from store.schema.password import Password
from store.schema.person import Person

SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,40}")


@dataclass(frozen=True)
class Identity:
    """`keys` are addresses in comparing form, `subjects` the random ids the audit names the person by.

    `names` are full names only: of one word there are many, and it stays where it is not in a row of theirs.
    """

    keys: frozenset[str]
    slack_ids: frozenset[str] = frozenset()
    person_ids: frozenset[int] = frozenset()
    subjects: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    @cached_property
    def marks(self) -> re.Pattern[str]:
        """Addresses and Slack ids as they stand within a text, not as part of a longer one."""
        words = [re.escape(word) for word in sorted(self.keys | self.slack_ids, key=len, reverse=True)]
        return re.compile(rf"(?<![\w.+-])(?:{'|'.join(words)})(?![\w-]|\.\w)", re.IGNORECASE)

    @cached_property
    def words(self) -> re.Pattern[str]:
        """As `marks`, and the full names too."""
        words = sorted((re.escape(name) for name in self.names), key=len, reverse=True)
        names = rf"|(?<!\w)(?:{'|'.join(words)})(?!\w)" if words else ""
        return re.compile(self.marks.pattern + names, re.IGNORECASE)

    def whole(self, text: str) -> bool:
        """Whether a text is one of the addresses or Slack ids, and nothing else."""
        return bool(self.marks.fullmatch(text))


async def identify(tx: Reading, text: str) -> Identity:
    """Who is meant by an address or a Slack id: that, and all that is linked to it. Nobody need be known by it.

    Raises Refused `contact_malformed`.
    """
    written = text.strip()
    if SLACK_ID.fullmatch(written):
        keys, slack_ids = frozenset[str](), frozenset({written})
        found = select(Person).where(col(Person.slack_id) == written)
    else:
        keys, slack_ids = frozenset({addresses.contact(written).key}), frozenset[str]()
        linked = select(Membership.person_id).where(
            col(Membership.key).in_(keys), col(Membership.person_id).is_not(None)
        )
        found = select(Person).where(or_(col(Person.email).in_(keys), col(Person.id).in_(linked)))
    people = (await tx.exec(found)).all()
    ids = frozenset(person.id for person in people if person.id is not None)
    rows = (
        await tx.exec(select(Membership).where(or_(col(Membership.person_id).in_(ids), col(Membership.key).in_(keys))))
    ).all()
    passwords = (await tx.exec(select(Password.address).where(col(Password.person_id).in_(ids)))).all()
    emails = [person.email for person in people if person.email]
    names = [person.name for person in people] + [row.name for row in rows]
    return Identity(
        keys=keys | set(emails) | {row.key for row in rows if row.key} | set(passwords),
        slack_ids=slack_ids | {person.slack_id for person in people},
        person_ids=ids,
        subjects=frozenset(person.subject for person in people),
        names=frozenset(name for name in names if len(name.split()) > 1),
    )
