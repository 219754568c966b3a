"""Groups that keep themselves, by the whole bot beside a pocket Slack: who comes and goes, what is asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Any, ClassVar

import pytest
from sqlmodel import col, select

from bot.directory import Directory
from bot.keeper import Keeper
from bot.sandbox.app import Sandbox
from bot.sandbox.channels import Channel
from bot.sandbox.people import built_in_people, crowd
from bot.sandbox.settings import Listen, Settings
from bot.slack import Slack
from bot.views.ids import Action
from store import following, groups, memberships, persons
from store import matters as matters_store
from store.concerns import MatterKind, MatterState
from store.engine import Database
from store.groups import NewGroup
from store.roster import Entry
from store.schema.audit import Audit
from store.schema.following import Aside, Following
from store.schema.group import Group
from store.schema.matter import Matter
from store.schema.person import Person
from tests.bot.conftest import SERVED, SYSTEM, Office

DESIGN = ("linus", "margaret", "barbara", "edsger", "gil", "noor")


async def channel(office: Office, *people: str, name: str = "design") -> str:
    """A channel with these people and the bot in it; gives its id."""
    return str((await office.pocket.post("channel", name=name, members=[*people, "postroom"]))["channel"])


async def follow(office: Office, group: Group, source: str | None) -> None:
    async with office.database.writing() as tx:
        await groups.change(tx, group.id or 0, {"follows": source}, None, SYSTEM)


async def contacts(office: Office, group: Group) -> dict[str, bool]:
    """The group's contacts by the part before the @ -> whether they follow."""
    async with office.database.reading() as tx:
        rows = await memberships.page(tx, group.id, limit=1000, only="contact")
    return {str(row.address).partition("@")[0]: row.followed for row in rows}


async def become(office: Office, group: Group, *names: str) -> None:
    """Until these are the group's contacts."""

    async def are() -> bool:
        return set(await contacts(office, group)) == set(names)

    try:
        await office.until(are)
    except TimeoutError:
        raise AssertionError(await contacts(office, group)) from None


async def read(office: Office, group: Group) -> None:
    """Until the source was compared with all that is known of it."""

    async def done() -> bool:
        async with office.database.reading() as tx:
            row = await tx.get(Following, group.id, populate_existing=True)
        return row is not None and row.done == row.wanted and row.held_until is None

    await office.until(done)


async def matters(office: Office, kind: MatterKind) -> list[tuple[MatterState, int, int]]:
    async with office.database.reading() as tx:
        rows = await tx.exec(select(Matter).where(col(Matter.kind) == kind).order_by(col(Matter.id)))
        return [(row.state, len(row.come), len(row.go)) for row in rows.all()]


async def following_design(office: Office, *people: str) -> tuple[Group, str]:
    """A group that follows a channel of these people, who are its contacts."""
    group = await office.group()
    source = await channel(office, *people)
    await follow(office, group, source)
    await office.pocket.wait_message("ada", "dm", "follows")
    await office.pocket.click("ada", Action.MATTER_APPLY)
    await office.pocket.wait_message("ada", "dm", "added, 0 taken off")
    return group, source


async def test_the_first_comparison_asks_and_names_who_is_left_out(office: Office) -> None:
    group = await office.group()
    await follow(office, group, await channel(office, *DESIGN))
    card = await office.pocket.wait_message("ada", "dm", "follows")
    text = office.pocket.text(card)
    assert "To add, 4 people" in text
    assert "1 guest is left out" in text
    assert "1 person without an e-mail address is left out" in text
    assert await contacts(office, group) == {}
    await office.pocket.click("ada", Action.MATTER_APPLY)
    await become(office, group, "linus", "margaret", "barbara", "edsger")
    done = await office.pocket.wait_message("ada", "dm", "4 added, 0 taken off")
    assert done["ts"] == card["ts"]
    assert all((await contacts(office, group)).values())


async def test_who_joins_and_leaves_is_followed_and_who_was_added_stays(office: Office) -> None:
    group, source = await following_design(office, *DESIGN[:4])
    assert group.id is not None
    async with office.database.writing() as tx:
        await office.enrol(tx, group, "outside@example.net", "grace@example.org")
    await office.pocket.join("grace", source)
    await office.pocket.join("ada", source)
    await become(office, group, "linus", "margaret", "barbara", "edsger", "outside", "grace", "ada")
    assert (await contacts(office, group))["grace"] is False
    for name in ("ada", "grace", "linus"):
        await office.pocket.leave(name, source)
    await become(office, group, "margaret", "barbara", "edsger", "outside", "grace")
    await office.pocket.edit_person("edsger", email="dijkstra@example.org")
    await become(office, group, "margaret", "barbara", "dijkstra", "outside", "grace")
    async with office.database.reading() as tx:
        ada = await persons.by_slack(tx, "U0ADA")
        assert ada is not None
        row = await memberships.find(tx, group.id, person_id=ada.id)
        assert row is not None
        assert (row.administrator, row.contact) == (True, False)  # what is not of the channel stays
        told = await tx.exec(select(Audit.verb).where(col(Audit.actor) == "following"))
        assert set(told.all()) == {"membership.changed"}


async def test_who_left_or_was_taken_off_is_not_brought_back(office: Office) -> None:
    group, source = await following_design(office, *DESIGN[:4])
    assert group.id is not None
    async with office.database.writing() as tx:
        rows = {str(row.address): row for row in await memberships.page(tx, group.id, limit=100)}
        await memberships.leave(tx, group.id, rows["linus@example.org"], SYSTEM)
        await memberships.remove(tx, group.id, [rows["barbara@example.org"].id or 0], SYSTEM)
        await following.again(tx, group.id)
    await read(office, group)
    for name in ("linus", "barbara"):
        await office.pocket.leave(name, source)
        await office.pocket.join(name, source)
    await office.pocket.join("grace", source)
    await become(office, group, "margaret", "edsger", "grace")
    async with office.database.reading() as tx:
        asides = (await tx.exec(select(Aside.slack_id, Aside.reason))).all()
    assert sorted(asides) == [("U0BARBARA", "left"), ("U0LINUS", "left")]


async def test_a_lost_event_is_repaired_and_a_repeat_that_comes_late_changes_nothing(office: Office) -> None:
    group, source = await following_design(office, *DESIGN[:4])
    await office.pocket.control(events=[])
    await office.pocket.join("grace", source)
    await office.pocket.leave("linus", source)
    async with office.database.writing() as tx:
        assert await following.all_again(tx, tx.now) == 1  # as the night does
    await become(office, group, "margaret", "barbara", "edsger", "grace")
    async with office.database.writing() as tx:
        await following.moved(tx, source, {"U0MARGARET": False}, "9000000000.000002")
        await following.moved(tx, source, {"U0MARGARET": True}, "9000000000.000001")
    await become(office, group, "barbara", "edsger", "grace")


async def test_an_emptied_channel_asks_and_a_dismissed_card_is_not_shown_again(office: Office) -> None:
    group, source = await following_design(office, *DESIGN[:4], "grace")
    await office.pocket.leave("linus", source)
    await office.pocket.leave("margaret", source)
    await become(office, group, "barbara", "edsger", "grace")
    await office.pocket.leave("barbara", source)
    card = await office.pocket.wait_message("ada", "dm", "To take off, 1 contact")
    left = set(await contacts(office, group))
    assert len(left) == 3  # two went unasked, the third asks
    await office.pocket.click("ada", Action.MATTER_DISMISS)
    await office.pocket.wait_message("ada", "dm", "Dismissed by")
    async with office.database.writing() as tx:
        await following.again(tx, group.id or 0)
    await read(office, group)
    assert set(await contacts(office, group)) == left
    states = [state for state, _, _ in await matters(office, MatterKind.FOLLOW)]
    assert states == [MatterState.APPLIED, MatterState.DISMISSED]
    await office.pocket.click("ada", Action.MATTER_AGAIN)
    again = await office.pocket.wait_message("ada", "dm", "To take off, 1 contact", after=card["ts"])
    await office.pocket.click("ada", Action.MATTER_APPLY, channel="dm", ts=again["ts"])
    await become(office, group, "edsger", "grace")


async def test_only_administrators_decide_and_the_first_click_holds(office: Office) -> None:
    group = await office.group(moderation_channel="C0MODERATORS")
    source = await channel(office, *DESIGN)
    await follow(office, group, source)
    card = await office.pocket.wait_message("ada", "#moderators", "follows")
    where = {"channel": card["channel"], "ts": card["ts"]}
    async with office.database.writing() as tx:  # Grace moderates; an operator she is no more
        await persons.upsert(tx, persons.Profile("U0GRACE", "Grace", "grace@example.org"))
    await office.pocket.click("grace", Action.MATTER_APPLY, **where)
    await office.pocket.wait_message("grace", "#moderators", "Only administrators of")
    assert await matters(office, MatterKind.FOLLOW) == [(MatterState.OPEN, 4, 0)]
    await office.pocket.leave("linus", source)  # after the card was drawn
    await office.pocket.click("ada", Action.MATTER_APPLY, **where)
    await office.pocket.wait_message("ada", "#moderators", "3 added")
    await become(office, group, "margaret", "barbara", "edsger")


async def test_a_source_that_cannot_be_read_is_told_once_and_changes_nothing(office: Office) -> None:
    group, source = await following_design(office, *DESIGN[:4])
    before = await contacts(office, group)
    await office.pocket.leave("postroom", source)
    await office.pocket.wait_message("ada", "dm", "Invite me there again")
    async with office.database.writing() as tx:
        await following.again(tx, group.id or 0)
    await read(office, group)
    await office.pocket.post("archive", channel=source)  # nobody tells us: we are not in it
    await office.pocket.leave("linus", source)
    assert await contacts(office, group) == before
    assert await matters(office, MatterKind.TROUBLE) == [(MatterState.OPEN, 0, 0)]
    await office.pocket.post("archive", channel=source, archived=False)
    await office.pocket.join("postroom", source)
    await office.pocket.wait_message("ada", "dm", "again")
    await become(office, group, "margaret", "barbara", "edsger")
    await office.pocket.post("delete", channel=source)
    await office.pocket.wait_message("ada", "dm", "The channel is deleted")
    assert len(await contacts(office, group)) == 3
    await follow(office, group, None)
    await office.pocket.wait_message("ada", "dm", "no longer follows")


async def test_a_user_group_is_followed_by_its_changes_and_compared_where_one_was_lost(office: Office) -> None:
    group = await office.group()
    source = await office.pocket.user_group("design", members=["linus", "margaret", "barbara", "edsger"])
    await follow(office, group, source)
    await office.pocket.wait_message("ada", "dm", "@design")
    await office.pocket.click("ada", Action.MATTER_APPLY)
    await become(office, group, "linus", "margaret", "barbara", "edsger")
    await office.pocket.user_group("design", members=["linus", "margaret", "barbara", "edsger", "grace"])
    await become(office, group, "linus", "margaret", "barbara", "edsger", "grace")
    await office.pocket.control(events=[])
    await office.pocket.user_group("design", members=["linus", "margaret", "barbara", "grace"])
    await office.pocket.control(events=["subteam_members_changed"])
    await office.pocket.user_group("design", members=["linus", "margaret", "barbara", "grace", "ada"])
    await become(office, group, "linus", "margaret", "barbara", "grace", "ada")
    await office.pocket.control(free_plan=True)
    async with office.database.writing() as tx:
        await following.again(tx, group.id or 0)
    await office.pocket.wait_message("ada", "dm", "paid plans alone")


async def test_who_is_deactivated_gets_nothing_at_once_and_is_proposed_for_removal(office: Office) -> None:
    group = await office.group()
    async with office.database.writing() as tx:
        await office.enrol(tx, group, "linus@example.org", "margaret@example.org")
    await office.pocket.edit_person("linus", deactivated=True)

    async def receiving(n: int) -> bool:
        async with office.database.reading() as tx:
            return (await memberships.counts(tx, group.id)).receiving == n

    await office.until(lambda: receiving(1))
    first = await office.pocket.wait_message("ada", "dm", "1 person of")
    await office.pocket.command("ada", "#general", "/group members team")
    await office.pocket.wait_modal("ada", contains="Deactivated in Slack, so no copies")
    await office.pocket.edit_person("linus", deactivated=False)
    await office.until(lambda: receiving(2))
    over = await office.pocket.wait_message("ada", "dm", "nothing to decide any more")
    assert over["ts"] == first["ts"]
    await office.pocket.edit_person("linus", deactivated=True)
    await office.pocket.wait_message("ada", "dm", "1 person of", after=first["ts"])
    await office.pocket.click("ada", Action.MATTER_APPLY)
    await become(office, group, "margaret")
    done = await office.pocket.wait_message("ada", "dm", "1 person was taken off by")
    assert "<@U0LINUS>" in office.pocket.text(done)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("follows #design", "The comparison has begun"),
        ("follows @mail-ops", "The comparison has begun"),
        ("follows #random", "I am not in #random"),
        ("follows #old-news", "#old-news is archived"),
        ("follows design", "neither a channel nor a user group"),
        ("follow_guests yes", "contacts too"),
    ],
)
async def test_it_is_set_by_text(office: Office, text: str, answer: str) -> None:
    await office.group()
    await channel(office, "linus")
    await office.pocket.command("ada", "#general", f"/group settings team {text}")
    await office.pocket.wait_message("ada", "#general", answer)


async def test_a_private_channel_is_followed_by_the_choice_of_those_in_it_alone(office: Office) -> None:
    group = await office.group()
    async with office.database.writing() as tx:
        linus = await persons.by_slack(tx, "U0LINUS")
        assert linus is not None
        entry = Entry(person_id=linus.id)
        await memberships.enrol(tx, group.id or 0, [entry], administrator=True, actor=SYSTEM)
    await office.pocket.command("linus", "#general", "/group settings team follows #moderators")
    await office.pocket.wait_message("linus", "#general", "You are not in that channel")
    async with office.database.reading() as tx:
        assert (await tx.get_one(Group, group.id, populate_existing=True)).follows is None
    await office.pocket.command("ada", "#general", "/group settings team follows #moderators")
    await office.pocket.wait_message("ada", "#general", "The comparison has begun")
    await office.pocket.command("linus", "#general", "/group settings team follows #moderators")  # as it is already
    await office.pocket.wait_message("linus", "#general", "The comparison has begun")


async def test_who_leaves_a_private_channel_while_the_form_stands_open_does_not_follow_it(office: Office) -> None:
    await office.pocket.command("ada", "#general", "/group create --from #moderators")
    await office.pocket.wait_modal("ada", contains="1 of 3")
    await office.pocket.fill("ada", {"report_channel": "C0REPORTS"})
    for _ in range(2):
        assert (await office.pocket.submit("ada"))["ok"]
    await office.pocket.leave("ada", "#moderators")
    await office.pocket.submit("ada")
    await office.pocket.wait_modal("ada", contains="You are not in that channel")
    async with office.database.reading() as tx:
        assert await groups.meant(tx, "moderators@groups.example.org") == []


async def test_a_group_is_made_from_a_channel(office: Office) -> None:
    source = await channel(office, *DESIGN, "ada", name="web-design")
    await office.pocket.command("ada", "#general", "/group create --from #web-design")
    view = await office.pocket.wait_modal("ada", contains="1 of 3")
    await office.pocket.fill("ada", {"report_channel": "C0REPORTS"})
    initial = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    assert initial["local"]["initial_value"] == "web-design"
    assert initial["display_name"]["initial_value"] == "Web design"
    assert initial["follows"]["initial_conversation"] == source
    for _ in range(3):
        answer = await office.pocket.submit("ada")
        assert answer["ok"], answer
    await office.pocket.wait_message("ada", "dm", "To add, 5 people")


class Counted(Slack):
    """The real thing, with a count of its calls by method."""

    calls: ClassVar[Counter[str]] = Counter()

    async def _call(self, method: str, **arguments: Any) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        self.calls[method] += 1
        return await super()._call(method, **arguments)


async def test_a_large_channel_is_read_within_slacks_tiers(bot_url: str, free_port: Callable[[], int]) -> None:
    staff = [*built_in_people(), *crowd(1_010)]
    everybody = Channel("C0EVERYBODY", "everybody", [person.id for person in staff])
    settings = Settings(listen=Listen("127.0.0.1", 0), sink=Listen("127.0.0.1", free_port()))
    sandbox = Sandbox(settings, people=staff, channels=[everybody])
    async with AsyncExitStack() as stack:
        await sandbox.start()
        stack.push_async_callback(sandbox.stop)
        database = await Database.open(bot_url)
        stack.push_async_callback(database.close)
        slack = Counted.connect(token=settings.bot_token, api_url=f"{sandbox.base}/api/")
        stack.push_async_callback(slack.close)
        await slack.authenticate()
        directory = Directory(database, slack, ())
        async with database.writing() as tx:  # as after its crawl
            for person in staff:
                seen = asdict(directory.profile(person.as_slack(with_email=True)))
                tx.add(Person(subject=person.id, refreshed_at=tx.now, **seen))
        keeper = Keeper(database, slack, directory, asyncio.Event())
        async with database.writing() as tx:
            ada = await persons.by_slack(tx, "U0ADA")
            assert ada is not None
            new = NewGroup("all@groups.example.org", follows=everybody.id, administrators=(Entry(None, ada.id),))
            group = await groups.create(tx, new, SERVED, SYSTEM)
        assert await keeper.compare()
        async with database.writing() as tx:
            (matter,) = await matters_store.of_group(tx, group.id or 0, MatterKind.FOLLOW, [MatterState.OPEN])
            await matters_store.decide(tx, matter.id or 0, MatterState.APPLYING, persons.actor(ada))
            await following.again(tx, group.id or 0)
        assert await keeper.compare()
        assert not await keeper.compare()
        async with database.reading() as tx:
            assert (await memberships.counts(tx, group.id)).contacts == len(matter.come) == 1_016
    # Twice over: one look at the channel and a call a thousand people; nobody is asked about one by one.
    assert {name: n for name, n in Counted.calls.items() if "." in name and not name.startswith("auth")} == {
        "conversations.info": 2,
        "conversations.members": 4,
    }
