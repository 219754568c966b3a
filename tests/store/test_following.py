"""Following in the store, on both engines: claims, fences, events, approvals that are looked at once more, absence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from sqlmodel import col, select

from store import comparison, fates, following, groups, leavers, matters, memberships, outbox, persons, reach
from store.concerns import MatterKind, MatterState
from store.engine import Database
from store.exchange.document import ImportRefused
from store.exchange.exporting import export_groups
from store.exchange.importing import Options, import_groups
from store.following import Claim, ClaimLost
from store.persons import Profile
from store.schema.delivery import Delivery
from store.schema.following import Following, Movement
from store.schema.person import Person
from store.schema.post import Post
from store.terms import DeliveryState, NoticeKind, Refused
from tests.conftest import Clock
from tests.store.offices import SERVED, SYSTEM, contact, group, person, roster
from tests.store.test_going_out import expand, post

DESIGN = "C0DESIGN"


async def follower(database: Database, *names: str) -> int:
    """A group that follows a channel in which these people are."""
    for name in names:
        await person(database, name)
    return await group(database, await person(database, "ada"), follows=DESIGN)


async def claimed(database: Database, *, movements: bool = False) -> Claim:
    async with database.writing() as tx:
        found = await following.claim(tx, movements=movements)
    assert found is not None
    return found


async def compare(database: Database, *names: str) -> comparison.Verdict:
    """One comparison with these people in the channel, as the keeper makes it."""
    claim = await claimed(database)
    async with database.reading() as tx:
        verdict = await comparison.whole(tx, claim, [f"U0{name.upper()}" for name in names])
    done = (0, 0)
    for change, actor in ((verdict.agreed, verdict.actor), (verdict.now, following.ACTOR)):
        async with database.writing() as tx:
            more = await comparison.carry_out(tx, claim, change, actor)
        done = more if change is verdict.agreed else done
    async with database.writing() as tx:
        await comparison.settle(tx, claim, verdict, people=None, name="design", done=done)
    return verdict


async def keys(database: Database, group_id: int) -> set[str]:
    return {str(row.key).partition("@")[0] for row in await roster(database, group_id) if row.contact}


async def decide(database: Database, group_id: int, state: MatterState) -> None:
    ada = await person(database, "ada")
    async with database.writing() as tx:
        (open_,) = await matters.of_group(tx, group_id, MatterKind.FOLLOW, [MatterState.OPEN])
        decided = await matters.decide(tx, open_.id or 0, state, persons.actor(ada))
        assert decided is not None
        assert decided.won
        await following.again(tx, group_id)


async def test_an_approval_does_what_was_shown_as_far_as_it_is_still_right(database: Database) -> None:
    people = ("ben", "cleo", "dan", "eve")
    group_id = await follower(database, *people)
    await compare(database, *people)
    assert await keys(database, group_id) == set()
    async with database.writing() as tx:
        await persons.upsert(tx, Profile("U0BEN", "Ben", "ben@example.org", deactivated=True))
        await memberships.enrol(tx, group_id, [contact("dan@example.org")], contact=True, actor=SYSTEM)
    await person(database, "fay")
    await decide(database, group_id, MatterState.APPLYING)
    await compare(database, "ben", "dan", "eve", "fay")  # Cleo has left, and Fay has come: one is done unasked
    assert await keys(database, group_id) == {"dan", "eve", "fay"}
    async with database.reading() as tx:
        (matter,) = await matters.of_group(tx, group_id, MatterKind.FOLLOW, [MatterState.APPLIED])
        assert (matter.details["came"], matter.details["went"]) == (1, 0)
        followed = {row.key: row.followed for row in await memberships.page(tx, group_id) if row.contact}
    assert followed == {"dan@example.org": False, "eve@example.org": True, "fay@example.org": True}


async def test_a_claim_is_one_process_s_and_ends_with_it(database: Database, clock: Clock) -> None:
    await follower(database, "ben")
    mine = await claimed(database)
    async with database.writing() as tx:
        assert await following.claim(tx, movements=False) is None
    clock.advance(61)
    theirs = await claimed(database)
    assert theirs.generation > mine.generation
    async with database.reading() as tx:
        verdict = await comparison.whole(tx, mine, ["U0BEN"])
    for late in (mine, replace(theirs, source="C0OTHER")):
        with pytest.raises(ClaimLost):
            async with database.writing() as tx:
                await comparison.settle(tx, late, verdict, people=None)
    async with database.writing() as tx:
        await comparison.settle(tx, theirs, verdict, people=None)
    async with database.reading() as tx:
        assert len(await matters.of_group(tx, theirs.group_id, MatterKind.FOLLOW, [MatterState.OPEN])) == 1


async def test_what_happens_while_a_source_is_read_is_compared_once_more(database: Database) -> None:
    group_id = await follower(database, "ben")
    claim = await claimed(database)
    async with database.writing() as tx:
        assert await following.changed(tx, DESIGN) == 1
        assert await following.changed(tx, "C0OTHER") == 0
    async with database.reading() as tx:
        verdict = await comparison.whole(tx, claim, [])
    async with database.writing() as tx:
        await comparison.settle(tx, claim, verdict, people=None)
    async with database.reading() as tx:
        row = await tx.get_one(Following, group_id)
        assert (row.wanted - row.done, row.held_until) == (1, None)


async def test_a_lost_change_of_a_user_group_has_the_whole_compared(database: Database) -> None:
    group_id = await group(database, await person(database, "ada"), follows="S0OPS")
    claim = await claimed(database)
    async with database.reading() as tx:
        verdict = await comparison.whole(tx, claim, [])
    async with database.writing() as tx:
        await comparison.settle(tx, claim, verdict, people=None, mark=100)

    async def wanting(previous: int, mark: int) -> bool:
        async with database.writing() as tx:
            people = {"U0BEN": True}
            await following.members_changed(tx, "S0OPS", people, previous=previous, mark=mark, at=f"{mark}.000001")
            row = await tx.get_one(Following, group_id, populate_existing=True)
            return row.wanted > row.done

    assert not await wanting(100, 110)
    assert not await wanting(100, 110)  # the same, repeated
    assert await wanting(120, 130)
    async with database.reading() as tx:
        assert len((await tx.exec(select(Movement))).all()) == 2


async def test_somebody_who_gets_an_address_is_looked_at_anew(database: Database) -> None:
    group_id = await follower(database, "ben")
    noor = await person(database, "noor", None)
    await compare(database, "noor")
    noor = await person(database, "noor")
    async with database.writing() as tx:
        await following.person_changed(tx, noor, "1700000000.000001")
        await following.person_changed(tx, await person_row(tx, "U0BEN"), "1700000000.000002")  # not in it: nothing
    claim = await claimed(database, movements=True)
    async with database.reading() as tx:
        ids, people = await comparison.moves(tx, claim)
        verdict = await comparison.moved(tx, claim, people)
    async with database.writing() as tx:
        await comparison.carry_out(tx, claim, verdict.now, following.ACTOR)
        await comparison.settle(tx, claim, verdict, people=list(people), movements=ids)
    assert await keys(database, group_id) == {"noor"}
    async with database.writing() as tx:
        assert await following.claim(tx, movements=True) is None
        assert await following.asides(tx, group_id) == {}


async def person_row(tx: object, slack_id: str) -> Person:
    found = await persons.by_slack(tx, slack_id)  # type: ignore[arg-type]  # a transaction
    assert found is not None
    return found


async def test_who_follows_nothing_more_keeps_its_contacts(database: Database) -> None:
    group_id = await follower(database, "ben")
    await compare(database, "ben")
    await decide(database, group_id, MatterState.APPLYING)
    await compare(database, "ben")
    async with database.writing() as tx:
        with pytest.raises(Refused, match="setting_malformed"):
            await groups.change(tx, group_id, {"follows": "#design"}, None, SYSTEM)
        await groups.change(tx, group_id, {"follows": None}, None, SYSTEM)
        assert await following.claim(tx, movements=False) is None
    assert [(row.key, row.followed) for row in await roster(database, group_id) if row.contact] == [
        ("ben@example.org", False)
    ]


async def test_whoever_is_deactivated_has_nothing_more_sent_and_is_asked_about_once(database: Database) -> None:
    group_id = await group(database, await person(database, "ada"))
    ben = await person(database, "ben")
    async with database.writing() as tx:
        entries = [contact("ben@example.org"), contact("cleo@example.org")]
        await memberships.enrol(tx, group_id, entries, contact=True, actor=SYSTEM)
        row = await memberships.find(tx, group_id, person_id=ben.id)
        assert row is not None
        await memberships.pause(tx, row.id or 0, None, SYSTEM)
        await memberships.resume(tx, row.id or 0, SYSTEM)
    first, second = await post(database, group_id), await post(database, group_id)
    assert await expand(database, first)
    await person(database, "ben", deactivated=True)
    assert await expand(database, second)
    async with database.reading() as tx:
        found = await tx.exec(select(Delivery.post_id, Delivery.address, Delivery.state).order_by(col(Delivery.id)))
        assert list(found.all()) == [
            (first, "ben@example.org", DeliveryState.SKIPPED),
            (first, "cleo@example.org", DeliveryState.QUEUED),
            (second, "cleo@example.org", DeliveryState.QUEUED),
        ]
        assert (await memberships.counts(tx, group_id)).receiving == 1
        assert await leavers.unasked(tx) == [group_id]
        assert (await reach.of(tx, group_id)).recipients == 1
        whom = await fates.whom(tx, group_id, person=ben)
        assert (await fates.place(tx, group_id, whom)).name == "deactivated"
        gone = await tx.get(Post, first)
        assert gone is not None
        assert (await fates.of(tx, gone, whom)).name == "skipped_deactivated"
    async with database.writing() as tx:
        matter = await leavers.propose(tx, group_id)
        assert matter is not None
        assert await leavers.propose(tx, group_id) is None
        assert await leavers.unasked(tx) == []
        decided = await matters.decide(tx, matter.id or 0, MatterState.DISMISSED, SYSTEM)
        assert decided is not None
        assert await leavers.propose(tx, group_id) is None  # kept: not asked again
    await person(database, "ben")
    async with database.reading() as tx:
        assert (await memberships.counts(tx, group_id)).receiving == 2


async def test_a_group_is_an_orphan_only_when_nobody_who_can_act_is_left(database: Database) -> None:
    ada, ben = await person(database, "ada", workspace_admin=True, operator=True), await person(database, "ben")
    group_id = await group(database, ada)
    async with database.writing() as tx:
        await memberships.enrol(tx, group_id, [roster_entry(ben)], administrator=True, actor=SYSTEM)
    await person(database, "ada", deactivated=True)
    async with database.reading() as tx:
        assert await leavers.orphans(tx) == []
    await person(database, "ben", deactivated=True)
    async with database.writing() as tx:
        assert await leavers.orphans(tx) == [group_id]
        assert await leavers.tell(tx, group_id) is not None
        assert await leavers.orphans(tx) == []
        assert await leavers.adopted(tx) == []
    await person(database, "ben")
    async with database.reading() as tx:
        assert await leavers.adopted(tx) == [group_id]


async def test_without_an_operator_it_is_told_to_who_can_see_to_one(database: Database) -> None:
    ada = await person(database, "ada")
    owner, there = Profile("U0OWNER", "owner", workspace_admin=True), Profile("U0OWNER", "owner")
    named, silent = await group(database, ada, report_channel="C0REPORTS"), await group(database, ada, "silent")
    await person(database, "ada", deactivated=True)

    async def told(*profiles: Profile) -> list[list[str]]:
        """Where it is told of both groups, once these people are as they are now."""
        async with database.writing() as tx:
            for profile in profiles:
                await persons.upsert(tx, profile)
            for group_id in await leavers.orphans(tx):
                await leavers.tell(tx, group_id)
            for group_id in await leavers.unheard(tx):
                await leavers.tell_more(tx, group_id)
            assert await leavers.unheard(tx) == []
            open_ = [await matters.of_group(tx, one, MatterKind.ORPHAN, [MatterState.OPEN]) for one in (named, silent)]
            placed = [await outbox.placements(tx, NoticeKind.GROUP_ORPHANED, one.id or 0) for (one,) in open_]
        return [[one.target for one in copies] for copies in placed]

    assert await told() == [["C0REPORTS"], []]
    assert await told(owner) == [["C0REPORTS", "U0OWNER"], ["U0OWNER"]]
    operator = Profile("U0OP", "op", operator=True)
    assert await told(there, operator) == [["C0REPORTS", "U0OWNER", "U0OP"], ["U0OWNER", "U0OP"]]


def roster_entry(of: Person) -> memberships.Entry:
    return memberships.Entry(None, of.id, of.name)


async def test_as_code_a_group_names_what_it_follows_and_not_whom_it_has_by_that(
    database: Database, tmp_path: Path
) -> None:
    group_id = await follower(database, "ben")
    await compare(database, "ben")
    await decide(database, group_id, MatterState.APPLYING)
    await compare(database, "ben")
    async with database.writing() as tx:
        await memberships.enrol(tx, group_id, [contact("cleo@example.net")], contact=True, actor=SYSTEM)
    path = tmp_path / "groups.yaml"
    async with database.reading() as tx:
        with path.open("w") as out:
            await export_groups(tx, out)
    written = yaml.safe_load(path.read_text())["groups"][0]
    assert (written["follows"], written["contacts"]) == (DESIGN, ["cleo@example.net"])
    (same,) = await import_groups(database, path, SERVED, Options(prune=True))
    assert same.empty
    assert await keys(database, group_id) == {"ben", "cleo"}
    path.write_text(path.read_text().replace(DESIGN, "'#design'"))
    with pytest.raises(ImportRefused, match="neither the id of a Slack channel nor of a user group"):
        await import_groups(database, path, SERVED, Options())
