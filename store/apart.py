"""Apart: the contacts of a post who get no copy of it, known when it is accepted – by their own wish, or as a group.

Frozen with the post, as its high-water mark is, so that every worker leaves out the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import col, select

from store import roster
from store.chunks import chunks
from store.engine import Reading
from store.names import NESTABLE
from store.schema.group import Name
from store.schema.membership import Membership
from store.schema.person import Person
from store.schema.post import Post
from store.terms import Address, Apart, InvalidAddress, Receiving


@dataclass(frozen=True, slots=True)
class SetApart:
    """Membership ids by cause (none empty), and the groups that some of them are."""

    memberships: dict[str, list[int]]
    groups: list[int]


async def of(tx: Reading, post: Post) -> SetApart:
    """Who of the group's contacts is set apart from this post.

    Wishes are followed only for a proven author. Who could write anybody's address into From or Cc could otherwise keep
    a post from those who asked to be spared a second copy; so a proven author alone can, under their own name.
    """
    found: dict[str, list[int]] = {}
    inside = await nested(tx, post.group_id)
    found[Apart.NESTED] = [membership_id for membership_id, _ in inside]
    if post.authenticated:
        found[Apart.OWN] = await _own(tx, post)
        found[Apart.ADDRESSED] = await _addressed(tx, post)
    groups = sorted({group_id for _, group_id in inside} - {post.group_id})
    return SetApart({cause: ids for cause, ids in found.items() if ids}, groups)


async def nested(tx: Reading, group_id: int) -> list[tuple[int, int]]:
    """The contacts that are groups and receive, each as (membership, group); the group itself too, where an address
    was its contact before it became its own."""
    # From the names to the roster, one look each: groups are few, and their contacts may be a hundred thousand.
    contact = select(Membership.id).where(
        col(Membership.group_id) == group_id,
        col(Membership.key) == col(Name.address),
        col(Membership.contact),
        col(Membership.receiving) == Receiving.ON,
    )
    query = select(contact.correlate(Name).scalar_subquery().label("membership_id"), Name.group_id)
    query = query.where(col(Name.role).in_(NESTABLE))
    return [(one, group) for one, group in (await tx.exec(query)).all() if one is not None and group is not None]


async def _own(tx: Reading, post: Post) -> list[int]:
    """The author's rows that want no copies of their own posts: of the address, and of the person who has it."""
    try:
        key = Address.parse(post.author).key
    except InvalidAddress:
        return []
    people = (await tx.exec(select(Person.id).where(col(Person.email) == key, ~col(Person.stranger)))).all()
    ids = [person_id for person_id in people if person_id is not None]
    rows = await roster.rows(tx, post.group_id, keys=[key], person_ids=ids)
    return [row.id for row in rows if row.id is not None and row.contact and not row.receive_own]


async def _addressed(tx: Reading, post: Post) -> list[int]:
    found: list[int] = []
    for some in chunks(post.addressed):
        query = select(Membership.id).where(
            col(Membership.group_id) == post.group_id,
            col(Membership.key).in_(some),
            col(Membership.contact),
            col(Membership.receive_addressed).is_(False),
        )
        found += [one for one in (await tx.exec(query)).all() if one is not None]
    return sorted(found)
