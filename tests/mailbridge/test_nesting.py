"""Groups within groups: each final address gets one copy, whatever leads there; rings end, and each group's own policy
is asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from mailbridge.nesting import pass_on
from store import ending, groups, held, memberships, nesting, posts, queue, reports, sources
from store.engine import Database
from store.posts import NewMessage, Submission
from store.schema.delivery import Delivery
from store.schema.group import Group, Name
from store.schema.letter import Letter
from store.schema.notice import Notice
from store.schema.post import Post
from store.terms import (
    Action,
    Decision,
    DeliveryState,
    Mode,
    Moderation,
    NameRole,
    NoticeKind,
    OverSendSize,
    Posting,
    PostState,
    Standing,
)
from tests.mailbridge.intake.room import add_group, add_member
from tests.store.offices import SYSTEM
from tests.store.test_families import turn

RAW = b"From: a@example.com\r\nMessage-ID: <1@example.com>\r\n\r\nText\r\n"


async def made(database: Database, contacts: Mapping[str, Iterable[str]], **policy: Any) -> dict[str, int]:
    """Groups with these contacts, a name of a group standing for it; gives their ids."""
    ids = {local: await add_group(database, local, **policy) for local in contacts}
    for local, members in contacts.items():
        for member in members:
            domain = "example.org" if member in contacts else "example.net"
            await add_member(database, ids[local], f"{member}@{domain}")
    return ids


async def submit(database: Database, *group_ids: int, raw: bytes = RAW, known_by: str | None = "m") -> list[int]:
    """One transaction for these groups."""
    message = NewMessage(raw, "p1", author="a@example.com", authenticated=True)
    wanted = [Submission(one, Standing.STRANGER, Decision(Action.ACCEPT), known_by) for one in group_ids]
    async with database.writing() as tx:
        return [post.id for post in (await posts.submit(tx, message, wanted)).posts if post.id is not None]


async def carried(database: Database) -> Counter[str]:
    """The copies, once everything has gone its way."""
    while await pass_on(database) or await turn(database, by_domain=False):
        pass
    async with database.reading() as tx:
        alive = select(Delivery.address).where(col(Delivery.state) != DeliveryState.SKIPPED)
        return Counter((await tx.exec(alive)).all())


async def outcomes(database: Database, post_id: int) -> dict[str, str]:
    """What the report of a post says of the groups within its group."""
    async with database.reading() as tx:
        report = await reports.report(tx, post_id)
    assert report is not None
    return {one.address.partition("@")[0]: one.outcome for one in report.passed}


async def post_of(database: Database, group_id: int) -> Post:
    async with database.reading() as tx:
        return (await tx.exec(select(Post).where(col(Post.group_id) == group_id))).one()


def once(*names: str) -> Counter[str]:
    return Counter(f"{name}@example.net" for name in names)


async def test_a_diamond_is_one_copy(database: Database) -> None:
    ids = await made(database, {"top": ["left", "right", "t"], "left": ["x", "l"], "right": ["x", "r"]})
    [top] = await submit(database, ids["top"])
    assert await outcomes(database, top) == {"left": "waiting", "right": "waiting"}
    assert await carried(database) == once("t", "x", "l", "r")
    assert await outcomes(database, top) == {"left": "accepted", "right": "accepted"}
    async with database.reading() as tx:
        report = await reports.report(tx, top)
    assert report is not None
    assert report.expected == 1  # groups are no recipients


@pytest.mark.parametrize("count", [2, 3])
async def test_a_ring_ends_where_it_began_and_every_report_says_so(database: Database, count: int) -> None:
    names = ["red", "green", "blue"][:count]
    ring = {name: [names[(at + 1) % count], f"in-{name}", "x"] for at, name in enumerate(names)}
    ids = await made(database, ring)
    [first] = await submit(database, ids["red"])
    assert await carried(database) == once("x", *(f"in-{name}" for name in names))
    last = await post_of(database, ids[names[-1]])
    assert last.id is not None
    assert await outcomes(database, last.id) == {"red": "already"}
    assert await outcomes(database, first) == {"green": "accepted"}
    # It may be sent anew, from any of them.
    await submit(database, ids["green"], known_by="n")
    assert set((await carried(database)).values()) == {2}


async def test_a_group_in_itself_by_its_alias_is_not_gone_into(database: Database) -> None:
    ids = await made(database, {"solo": ["x"]})
    async with database.writing() as tx:
        tx.add(Name(address="alias@example.org", role=NameRole.ALIAS, group_id=ids["solo"]))
    await add_member(database, ids["solo"], "alias@example.org")
    await add_member(database, ids["solo"], "y@example.net")
    await submit(database, ids["solo"])
    assert await carried(database) == once("x", "y")
    async with database.reading() as tx:
        assert len((await tx.exec(select(Post))).all()) == 1


async def test_ten_groups_within_each_other_and_no_more(database: Database) -> None:
    depth = nesting.DEEPEST + 2
    ids = await made(database, {f"g{n}": [f"g{n + 1}", f"p{n}"] for n in range(depth)} | {f"g{depth}": ["never"]})
    await submit(database, ids["g0"])
    assert await carried(database) == once(*(f"p{n}" for n in range(nesting.DEEPEST + 1)))
    last = await post_of(database, ids[f"g{nesting.DEEPEST}"])
    assert last.id is not None
    assert await outcomes(database, last.id) == {f"g{nesting.DEEPEST + 1}": "deep"}


async def test_a_group_that_is_addressed_itself_has_one_post(database: Database) -> None:
    ids = await made(database, {"outer": ["inner", "o"], "inner": ["o", "i"]})
    outer, _ = await submit(database, ids["outer"], ids["inner"])
    assert await carried(database) == once("o", "i")
    assert await outcomes(database, outer) == {"inner": "already"}
    # In two transactions, the inner one first; the outer's own contacts have no second copy.
    await submit(database, ids["inner"], known_by="n")
    assert await carried(database) == once("o", "i") + once("o", "i")
    await submit(database, ids["outer"], known_by="n")
    assert await carried(database) == once("o", "i") + once("o", "i")


async def test_the_group_within_asks_its_own_policy_and_its_moderators_know_whence_it_came(database: Database) -> None:
    ids = await made(database, {"outer": ["held", "shut", "calm", "o"], "held": ["h"], "shut": ["s"], "calm": ["c"]})
    changes: dict[str, dict[str, Any]] = {
        "held": {"posting": Posting.MEMBERS, "moderation": Moderation.NON_MEMBERS},
        "shut": {"posting": Posting.ADMINISTRATORS},
        "calm": {"mode": Mode.PAUSED},
    }
    async with database.writing() as tx:
        for local, change in changes.items():
            group = await tx.get(Group, ids[local])
            assert group is not None
            for name, value in change.items():
                setattr(group, name, value)
            tx.add(group)
    [outer] = await submit(database, ids["outer"])
    assert await carried(database) == once("o")
    assert await outcomes(database, outer) == {"held": "held", "shut": "rejected", "calm": "held"}
    waits, calm = await post_of(database, ids["held"]), await post_of(database, ids["calm"])
    assert (waits.expires_at is None, calm.expires_at is None) == (False, True)  # a pause alone waits for the group
    assert waits.id is not None
    assert [reason["name"] for reason in waits.reasons] == ["non_member", "through"]
    assert waits.reasons[-1]["values"] == {"group": "outer@example.org"}
    async with database.writing() as tx:
        assert (await posts.release(tx, waits.id, SYSTEM)).won
    assert await carried(database) == once("o", "h")
    assert await outcomes(database, outer) == {"held": "accepted", "shut": "rejected", "calm": "held"}


async def test_a_group_within_where_no_more_can_wait_takes_none(database: Database) -> None:
    ids = await made(database, {"outer": ["inner", "o"], "inner": ["i"]})
    async with database.writing() as tx:
        inner = await tx.get(Group, ids["inner"])
        assert inner is not None
        inner.moderation = Moderation.EVERYONE
        tx.add(inner)
    last = None
    for number in range(held.MOST_OF_AUTHOR + 1):
        [last] = await submit(database, ids["outer"], known_by=f"m{number}")
        await pass_on(database)
        assert await outcomes(database, last) == {"inner": "held" if number < held.MOST_OF_AUTHOR else "rejected"}
    async with database.reading() as tx:
        assert not (await tx.exec(select(Letter))).all()  # of a group the author may not know


@pytest.mark.parametrize("over", list(OverSendSize))
async def test_a_group_within_trims_what_it_may_not_distribute_or_refuses_it(
    database: Database, over: OverSendSize
) -> None:
    mail = EmailMessage()
    mail["From"], mail["Message-ID"] = "a@example.com", "<1@example.com>"
    mail.set_content("Text")
    mail.add_attachment(b"x" * 400_000, maintype="application", subtype="octet-stream", filename="large.bin")
    ids = await made(database, {"outer": ["inner", "o"], "inner": ["i"]})
    async with database.writing() as tx:
        inner = await tx.get(Group, ids["inner"])
        assert inner is not None
        inner.max_send_size, inner.over_send_size = 100_000, over
        tx.add(inner)
    [outer] = await submit(database, ids["outer"], raw=mail.as_bytes(policy=SMTP))
    trims = over is OverSendSize.TRIM
    assert await carried(database) == once("o", *(["i"] if trims else []))
    assert await outcomes(database, outer) == {"inner": "accepted" if trims else "rejected"}


async def test_a_proven_author_is_proven_within(database: Database) -> None:
    """By the way over the next hop the group within would have seen a copy that nothing proves."""
    ids = await made(database, {"outer": ["inner"], "inner": ["a"]}, posting=Posting.MEMBERS)
    async with database.writing() as tx:
        row = await memberships.find(tx, ids["inner"], key="a@example.net")
        assert row is not None
        row.address = row.key = "a@example.com"
        tx.add(row)
    await submit(database, ids["outer"])
    assert (await carried(database)) == Counter(["a@example.com"])
    assert (await post_of(database, ids["inner"])).standing is Standing.MEMBER


async def test_a_contact_that_is_a_group_and_receives_nothing_is_not_gone_into(database: Database) -> None:
    ids = await made(database, {"outer": ["inner", "o"], "inner": ["i"]})
    async with database.writing() as tx:
        row = await memberships.find(tx, ids["outer"], key="inner@example.org")
        assert row is not None
        assert row.id is not None
        await memberships.pause(tx, row.id, None, SYSTEM)
    await submit(database, ids["outer"])
    assert await carried(database) == once("o")


async def test_what_another_system_brought_round_from_within_is_not_passed_on_again(database: Database) -> None:
    ids = await made(database, {"outer": ["inner", "o"], "inner": ["i"]})
    [outer] = await submit(database, ids["outer"], raw=b"X-Loop: Inner@example.org\r\n" + RAW)
    assert await carried(database) == once("o")
    assert await outcomes(database, outer) == {"inner": "rejected"}


async def test_copies_of_a_group_within_name_every_group_that_carried_them(database: Database) -> None:
    ids = await made(database, {"outer": ["middle"], "middle": ["inner"], "inner": ["i"]})
    await submit(database, ids["outer"])
    await carried(database)
    inner = await post_of(database, ids["inner"])
    source = await database.bulk(lambda bulk: sources.of_post(bulk, inner.id or 0))
    assert source.carriers == ("middle@example.org", "outer@example.org")
    assert (inner.depth, inner.public_id) == (2, "p1")


async def test_who_leaves_the_outer_group_has_the_copy_by_the_inner(database: Database) -> None:
    ids = await made(database, {"outer": ["inner", "x"], "inner": ["x"]})
    await submit(database, ids["outer"])
    assert await carried(database) == once("x")
    async with database.writing() as tx:
        row = await memberships.find(tx, ids["outer"], key="x@example.net")
        assert row is not None
        await memberships.leave(tx, ids["outer"], row, SYSTEM)
    assert await carried(database) == once("x")
    async with database.reading() as tx:
        rows = (await tx.exec(select(Delivery).where(col(Delivery.state) == DeliveryState.QUEUED))).all()
    assert [row.post_id for row in rows] == [(await post_of(database, ids["inner"])).id]


async def test_bridges_that_pass_on_at_once_make_each_post_once(database: Database) -> None:
    ids = await made(database, {"top": [f"g{n}" for n in range(6)]} | {f"g{n}": ["top", "x"] for n in range(6)})
    await submit(database, ids["top"])
    await asyncio.gather(*(pass_on(database) for _ in range(6)))
    assert await carried(database) == once("x")
    async with database.reading() as tx:
        made_ = (await tx.exec(select(Post.group_id))).all()
    assert sorted(made_) == sorted(ids.values())


async def test_a_group_deleted_in_between_gets_none(database: Database) -> None:
    ids = await made(database, {"outer": ["inner", "o"], "inner": ["i"]})
    [outer] = await submit(database, ids["outer"])
    async with database.writing() as tx:
        await ending.delete(tx, ids["inner"], SYSTEM)
    assert await carried(database) == once("o")
    assert await outcomes(database, outer) == {}


async def test_a_group_deleted_while_it_holds_the_post_has_the_report_redrawn(database: Database) -> None:
    ids = await made(database, {"outer": ["inner", "o"], "inner": ["i"]})
    async with database.writing() as tx:
        await groups.change(
            tx, ids["inner"], {"moderation": Moderation.EVERYONE, "posting": Posting.MEMBERS}, None, SYSTEM
        )
    [outer] = await submit(database, ids["outer"])
    assert await carried(database) == once("o")
    assert await outcomes(database, outer) == {"inner": "held"}
    before = await version(database, outer)
    async with database.writing() as tx:
        await ending.delete(tx, ids["inner"], SYSTEM)
    assert await outcomes(database, outer) == {"inner": "expired"}
    assert await version(database, outer) > before


async def version(database: Database, post_id: int) -> int:
    """How often the report of a post was to be drawn."""
    query = select(Notice.version).where(col(Notice.kind) == NoticeKind.REPORT, col(Notice.subject_id) == post_id)
    async with database.reading() as tx:
        return (await tx.exec(query)).one()


# ---------------------------------------------------------------- any shape of organisation


GROUPS, PEOPLE = 6, 5


@st.composite
def organisations(draw: st.DrawFn) -> tuple[dict[int, list[str]], list[list[int]]]:
    """Who is in which group, groups in groups included, and the transactions that bring one message."""
    count = draw(st.integers(1, GROUPS))
    inside = {
        at: draw(
            st.lists(
                st.sampled_from([f"g{n}" for n in range(count) if n != at] + [f"p{n}" for n in range(PEOPLE)]),
                unique=True,
            )
        )
        for at in range(count)
    }
    named = draw(st.lists(st.integers(0, count - 1), min_size=1, unique=True))
    cut = draw(st.integers(1, len(named)))
    return inside, [part for part in (named[:cut], named[cut:]) if part]


def reached(inside: Mapping[int, Sequence[str]], start: Iterable[int]) -> set[str]:
    """Everybody who is in one of the groups, or in a group within."""
    groups, people = set(start), set[str]()
    queue_ = list(groups)
    while queue_:
        for one in inside[queue_.pop()]:
            if one.startswith("p"):
                people.add(one)
            elif int(one[1:]) not in groups:
                groups.add(int(one[1:]))
                queue_.append(int(one[1:]))
    return people


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(organisation=organisations())
async def test_whatever_is_in_whatever_everybody_reached_has_one_copy(
    database: Database, organisation: tuple[dict[int, list[str]], list[list[int]]]
) -> None:
    inside, transactions = organisation
    async with database.reading() as tx:
        number = len((await tx.exec(select(Group))).all())
    # Each example is a town of its own in one database.
    names = {f"g{at}": f"t{number}g{at}" for at in inside} | {f"p{n}": f"t{number}p{n}" for n in range(PEOPLE)}
    contacts = {names[f"g{at}"]: [names[one] for one in members] for at, members in inside.items()}
    ids = await made(database, contacts)
    for named in transactions:
        await submit(database, *(ids[names[f"g{at}"]] for at in named), known_by=f"t{number}")
    wanted = reached(inside, [at for named in transactions for at in named])
    copies = {one: n for one, n in (await carried(database)).items() if one.startswith(f"t{number}p")}
    assert copies == {f"{names[one]}@example.net": 1 for one in wanted}
    await database.bulk(queue.finish)
    async with database.reading() as tx:
        assert not (await tx.exec(select(Post).where(col(Post.state) != PostState.ACCEPTED))).all()
        assert not [one for one in (await tx.exec(select(Delivery.address))).all() if one.endswith("@example.org")]
