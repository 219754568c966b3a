"""Rulings: whom a group has banned, and whose posts it always takes. Kept until somebody takes them back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlmodel import col, delete, func, or_, select

from store import audience, audit, persons, roster
from store.engine import Reading, Writing
from store.inserts import insert
from store.pattern import BadPattern, Pattern, PatternKind, exact
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.post import HELD, Post
from store.schema.request import WAITING, Request
from store.schema.ruling import Ruling
from store.terms import Actor, Refused, folded
from store.word import RulingKind, Word

MOST = 500  # of each kind in a group: nobody reads through more, and every post asks for the globs among them
SHOWN = 5
_VERBS = {RulingKind.BAN: "author.banned", RulingKind.ALLOW: "author.allowed"}
_LIFTED = {RulingKind.BAN: "author.unbanned", RulingKind.ALLOW: "author.unallowed"}


@dataclass(frozen=True, slots=True)
class Matched:
    """Whom a pattern means in a group now: contacts, waiting posts and requests; some of their addresses."""

    contacts: int
    posts: int
    requests: int
    some: Sequence[str]


def pattern(text: str) -> Pattern:
    """A pattern as a person typed it. Raises Refused `pattern_<fault>`."""
    try:
        return Pattern.parse(text)
    except BadPattern as bad:
        raise Refused(f"pattern_{bad.fault}", text=text.strip()[:80]) from bad


def check(kind: RulingKind, given: Pattern) -> Pattern:
    """The pattern, if a ruling of that kind may have it. Raises Refused `allow_one_address`: a domain holds many
    people."""
    if kind is RulingKind.ALLOW and given.kind is not PatternKind.ADDRESS:
        raise Refused("allow_one_address", text=given.text)
    return given


async def word(tx: Reading, group_id: int, keys: Collection[str]) -> Word:
    """What the group says of an author, who may have several addresses in comparing form."""
    wanted = {text for key in keys for text in exact(key)}
    query = select(Ruling).where(col(Ruling.group_id) == group_id)
    found = (await tx.exec(query.where(or_(col(Ruling.glob), col(Ruling.pattern).in_(wanted))))).all()
    banned = ""
    for one in found:
        if one.kind is RulingKind.BAN and any(_pattern(one).matches(key) for key in keys):
            banned = one.pattern
    allowed = any(one.kind is RulingKind.ALLOW and one.pattern in keys for one in found)
    return Word(banned, allowed)


def _pattern(ruling: Ruling) -> Pattern:
    if ruling.glob:
        return Pattern(PatternKind.GLOB, ruling.pattern)
    return Pattern(PatternKind.DOMAIN if ruling.pattern.startswith("@") else PatternKind.ADDRESS, ruling.pattern)


async def add(tx: Writing, group_id: int, kind: RulingKind, given: Pattern, actor: Actor) -> int | None:
    """Ban or always allow; gives the ruling's id, None if it stood there already.

    Raises Refused `group_gone`, `group_builtin`, `ruling_too_many`, `allow_one_address`, `ban_in_charge` (who decides
    in the group cannot be banned from it).
    """
    group = await roster.lock(tx, group_id)
    check(kind, given)
    if kind is RulingKind.BAN and (meant := await _in_charge(tx, group_id, given)):
        raise Refused("ban_in_charge", text=given.text, author=meant, address=group.address)
    mine = [col(Ruling.group_id) == group_id, col(Ruling.kind) == kind]
    if (await tx.exec(select(func.count(col(Ruling.id))).where(*mine))).one() >= MOST:
        raise Refused("ruling_too_many", address=group.address, limit=str(MOST))
    values = {
        "group_id": group_id,
        "kind": kind,
        "pattern": given.text,
        "glob": given.kind is PatternKind.GLOB,
        "created_by": actor.person_id,
        "created_at": tx.now,
    }
    made = insert(tx, Ruling).values(values).on_conflict_do_nothing().returning(col(Ruling.id))
    ruling_id = (await tx.scalars(made)).first()
    if ruling_id is not None:
        await audit.record(tx, _VERBS[kind], actor, group_id=group_id, subject=f"ruling:{ruling_id}")
    return ruling_id


async def _in_charge(tx: Reading, group_id: int, given: Pattern) -> str:
    """An address of somebody who decides in the group and is meant by the pattern, or ""."""
    people = await audience.deciders(tx, group_id)
    rows = await roster.rows(tx, group_id, person_ids=[person.id for person in people if person.id is not None])
    keys = [person.email for person in people] + [row.key for row in rows]
    unknown = select(Membership.key).where(  # who is known by an address alone
        col(Membership.group_id) == group_id,
        col(Membership.person_id).is_(None),
        or_(col(Membership.administrator), col(Membership.moderator)),
    )
    keys += (await tx.exec(unknown)).all()
    return next((key for key in keys if key and given.matches(key)), "")


async def lift(tx: Writing, group_id: int, kind: RulingKind, text: str, actor: Actor) -> bool:
    """Take back a ruling by its pattern's text. False if there is none."""
    gone = delete(Ruling).where(col(Ruling.group_id) == group_id, col(Ruling.kind) == kind, col(Ruling.pattern) == text)
    return await _lifted(tx, group_id, kind, (await tx.scalars(gone.returning(col(Ruling.id)))).first(), actor)


async def lift_by_id(tx: Writing, ruling_id: int, actor: Actor) -> bool:
    """The same by its id. False if it was taken back already."""
    found = await tx.get(Ruling, ruling_id, populate_existing=True)
    return found is not None and await lift(tx, found.group_id, found.kind, found.pattern, actor)


async def _lifted(tx: Writing, group_id: int, kind: RulingKind, ruling_id: int | None, actor: Actor) -> bool:
    if ruling_id is not None:
        await audit.record(tx, _LIFTED[kind], actor, group_id=group_id, subject=f"ruling:{ruling_id}")
    return ruling_id is not None


async def of_group(tx: Reading, group_id: int, kind: RulingKind) -> list[Ruling]:
    """All of a kind, by pattern."""
    query = select(Ruling).where(col(Ruling.group_id) == group_id, col(Ruling.kind) == kind)
    return list((await tx.exec(query.order_by(col(Ruling.pattern)))).all())


async def bans(tx: Reading, group_id: int) -> Callable[[str], bool]:
    """Whether the group has banned an address, for many of them: asked of the database once."""
    rows = await of_group(tx, group_id, RulingKind.BAN)
    plain = {row.pattern for row in rows if not row.glob}
    globs = [_pattern(row) for row in rows if row.glob]
    return lambda key: not plain.isdisjoint(exact(key)) or any(one.matches(key) for one in globs)


async def matched(tx: Reading, group_id: int, given: Pattern, *, roster: bool) -> Matched:
    """Whom a pattern means in a group now; without `roster` its contacts are counted and none of them is named."""
    of_group = select(Membership.key).where(col(Membership.group_id) == group_id, col(Membership.contact))
    contacts = of_group.where(_like(col(Membership.key), given))
    count = (await tx.exec(select(func.count()).select_from(contacts.subquery()))).one()
    authors = (await tx.exec(select(Post.author).where(HELD, col(Post.group_id) == group_id))).all()
    posts = [folded(author) for author in authors if given.matches(folded(author))]
    asked = (await tx.exec(select(Request.key).where(WAITING, col(Request.group_id) == group_id))).all()
    requests = [key for key in asked if given.matches(key)]
    first = (await tx.exec(contacts.order_by(col(Membership.key)).limit(SHOWN if roster else 0))).all()
    some = list(dict.fromkeys([*posts, *requests, *(key for key in first if key)]))
    return Matched(count, len(posts), len(requests), some[:SHOWN])


def _like(column: Any, given: Pattern) -> Any:
    """The pattern in SQL's words, as `Pattern.matches`: keys are in comparing form already."""
    plain = given.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    match given.kind:
        case PatternKind.ADDRESS:
            return column == given.text
        case PatternKind.DOMAIN:
            return or_(column.like(f"%{plain}", escape="\\"), column.like(f"%@%.{plain[1:]}", escape="\\"))
        case PatternKind.GLOB:
            return column.like(plain.replace("*", "%").replace("?", "_"), escape="\\")


async def applicant_banned(tx: Reading, request: Request) -> bool:
    """Whether who asks to join is banned, by the address given or by their profile's."""
    keys = {request.key}
    if request.person_id is not None and (email := (await persons.get(tx, request.person_id)).email):
        keys.add(folded(email))
    return bool((await word(tx, request.group_id, keys)).banned)


async def check_author(tx: Reading, post_id: int) -> None:
    """Raises Refused `author_banned` where a held post's author has been banned since it came."""
    post = (await tx.exec(select(Post).where(HELD, col(Post.id) == post_id))).first()
    if post is None:
        return
    if banned := (await word(tx, post.group_id, [folded(post.author)])).banned:
        group = await tx.get_one(Group, post.group_id)
        raise Refused("author_banned", author=post.author, text=banned, address=group.address)
