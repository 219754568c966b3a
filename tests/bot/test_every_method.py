"""Slack's Web API fails a method at a time, each in every way, while somebody uses just that: what is to be said comes
all the same, as often as is promised, and whoever asked for something is told what became of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import aiohttp
import pytest
from sqlmodel import select

from bot.sandbox.app import Sandbox
from bot.sandbox.people import Person
from bot.views.ids import Action
from store import groups, memberships, outbox, persons, requests
from store.schema.group import Group
from store.schema.offer import Offer
from store.terms import Address, NoticeKind
from tests.bot.conftest import SYSTEM, open_office
from tests.bot.desk import Desk
from tests.bot.test_manifest import called
from tests.bot.test_outbox import accept, count

SILENT = ("hang", "lost", "refused")  # nobody knows what became of the call; of "lost" ones alone all did
FAULTS = ("429", "503", *SILENT)
UNANSWERED = "did not answer"  # the words of `slack.fault.slack`
UNKNOWN = "did not say whether it took"  # and those of `refused.file_uncertain`
MODERATORS = "C0MODERATORS"
POST = "chat.postMessage"


# ---------------------------------------------------------------- what nobody asked for: invariant 4


async def a_report(desk: Desk) -> None:
    """Once; where nobody knows, twice at most, and the second says so."""
    group = await desk.group(report_channel=MODERATORS)
    async with desk.away():
        post_id = await accept(desk.office, group)
        await desk.tried(NoticeKind.REPORT, post_id, times=5)  # however long: two lost answers would end it
        later = await accept(desk.office, group, "Later")
        await desk.tried(NoticeKind.REPORT, later)
    expected = {"lost": [False, True], "hang": [True], "refused": [True]}
    said = [await desk.said("ada", "#moderators", group.address, subject) for subject in ("Minutes", "Later")]
    # What silence was known of is not tried into it.
    assert said == [expected.get(desk.what, [False]), [False]]


async def a_redrawn_report(desk: Desk) -> None:
    group = await desk.group(report_channel=MODERATORS)
    post_id = await accept(desk.office, group)
    await desk.office.quiet()
    async with desk.away():
        await count(desk.office, post_id, done=True, expanded=3, relayed=3)
        await desk.tried(NoticeKind.REPORT, post_id)
    assert await desk.reported(group) == [False]
    await desk.office.pocket.wait_message("ada", "#moderators", "relayed to 3 of 3")


async def a_card_by_direct_message(desk: Desk) -> None:
    """Nothing was posted before the conversation was open: nothing can stand twice, and nothing is marked."""
    group, linus = await desk.group(), await desk.office.person("linus")
    async with desk.away():
        async with desk.office.database.writing() as tx:
            asked = await requests.ask(tx, group, linus, Address.parse("linus@example.org"), f"For {desk.method}")
        assert asked.request_id is not None
        await desk.tried(NoticeKind.REQUEST_CARD, asked.request_id, times=3)
    for person in ("ada", "grace"):
        assert await desk.said(person, "dm", f"For {desk.method}") == [False]


async def a_report_of_a_hidden_group(desk: Desk) -> None:
    """Whether the channel is still private is asked first."""
    group = await desk.group(hidden=True, report_channel=MODERATORS)
    async with desk.away():
        post_id = await accept(desk.office, group)
        await desk.tried(NoticeKind.REPORT, post_id, times=3)
    assert await desk.reported(group) == [False]


async def a_report_while_it_is_asked_whether_slack_is_there(desk: Desk) -> None:
    group = await desk.group(report_channel=MODERATORS)
    async with desk.away():
        post_id = await accept(desk.office, group)
        await desk.tried(NoticeKind.REPORT, post_id)
    assert await desk.reported(group) == [False]


async def a_report_that_is_looked_for(desk: Desk) -> None:
    """Slack took it and did not say so; nor does it say, for a while, what stands there."""
    group = await desk.group(report_channel=MODERATORS)
    await desk.office.pocket.control(outage="lost", methods=POST, times=1)
    async with desk.away():
        post_id = await accept(desk.office, group)
        await desk.tried(NoticeKind.REPORT, post_id, times=2)
    assert await desk.reported(group) == [False]


async def announce_under(desk: Desk, group: Group, post_id: int) -> None:
    """Something in the thread of a post's report."""
    under = {"under": [str(NoticeKind.REPORT), post_id]}
    async with desk.office.database.writing() as tx:
        await outbox.announce(tx, NoticeKind.BOUNCE_STORM, post_id, [MODERATORS], group_id=group.id, arguments=under)


async def an_answer_in_a_thread(desk: Desk) -> None:
    """Whether what it answers still stands is asked first."""
    group = await desk.group(report_channel=MODERATORS)
    post_id = await accept(desk.office, group)
    await desk.office.quiet()
    async with desk.away():
        await announce_under(desk, group, post_id)
        await desk.tried(NoticeKind.BOUNCE_STORM, post_id, times=3)
    assert await desk.said("ada", "#moderators", group.address, "copies") == [False]


async def an_answer_in_a_thread_that_is_looked_for(desk: Desk) -> None:
    group = await desk.group(report_channel=MODERATORS)
    post_id = await accept(desk.office, group)
    await desk.office.quiet()
    await desk.office.pocket.control(outage="lost", methods=POST, times=1)
    async with desk.away():
        await announce_under(desk, group, post_id)
        await desk.tried(NoticeKind.BOUNCE_STORM, post_id, times=2)
    assert await desk.said("ada", "#moderators", group.address, "copies") == [False]


async def a_start(desk: Desk) -> None:
    """What is to be said before we know who we are waits for that."""
    group = await desk.group(report_channel=MODERATORS)
    await desk.office.end()
    await desk.office.pocket.control(grant=["groups:history"])
    async with desk.away():
        running = desk.office.begin()
        post_id = await accept(desk.office, group)
        await desk.tried(NoticeKind.REPORT, post_id)
    assert await desk.reported(group) == [False]
    await desk.office.listening(running)


# ---------------------------------------------------------------- what somebody asked for: they are told


async def a_channels_people(desk: Desk) -> None:
    await everybody_of(desk, "#general")


async def a_user_groups_people(desk: Desk) -> None:
    await everybody_of(desk, "@mail-ops")


async def everybody_of(desk: Desk, source: str) -> None:
    group = await desk.group()
    async with desk.away():
        assert UNANSWERED in await desk.asked(f"add {group.address} {source}")
    assert await desk.contacts(group) == set()
    await desk.asked(f"add {group.address} {source}")
    assert {"ada@example.org", "grace@example.org"} <= await desk.contacts(group)


async def everybody_of_the_workspace(desk: Desk) -> None:
    """A rate limit is waited out, also by who asked for more than the directory knows."""
    group = await desk.group()
    arrives(desk, "new")
    await desk.office.pocket.user_group("newcomers", members=["U0NEW"])
    seen = await desk.office.pocket.messages("ada", "#general")
    async with desk.away():
        await desk.office.pocket.command("ada", "#general", f"/group add {group.address} @newcomers")
        if desk.what != "429":
            assert UNANSWERED in await desk.told("#general", "", seen)
    if desk.what == "429":
        await desk.told("#general", "", seen)
    else:
        assert await desk.contacts(group) == set()
        await desk.asked(f"add {group.address} @newcomers")
    assert await desk.contacts(group) == {"new@example.org"}


async def what_a_group_follows(desk: Desk) -> None:
    """Nobody waits for it at that moment: it is read when it can be, and asked about once."""
    group = await desk.group()
    async with desk.away(), desk.office.database.writing() as tx:
        await groups.change(tx, group.id or 0, {"follows": "S0OPS"}, None, SYSTEM)
    await desk.office.pocket.wait_message("ada", "dm", f"{group.address}* follows")
    assert await desk.said("ada", "dm", f"{group.address}* follows") == [False]


async def somebody_new(desk: Desk) -> None:
    """Who acts before we know them gets an answer all the same, and is known as soon as Slack tells."""
    arrives(desk, "fresh")
    async with desk.away():
        assert "went wrong" not in await desk.asked("list", "fresh")
    await desk.asked("list", "fresh")
    async with desk.office.database.reading() as tx:
        person = await persons.by_slack(tx, "U0FRESH")
    assert person is not None
    assert person.email == "fresh@example.org"


def arrives(desk: Desk, name: str) -> None:
    """Somebody is in the workspace, of whose coming no event told."""
    workspace = desk.office.sandbox.workspace
    assert workspace is not None
    workspace.people.add(Person(f"U0{name.upper()}", name, name.title(), f"{name}@example.org"))
    general = workspace.channels.get("C0GENERAL")
    assert general is not None
    general.members.append(f"U0{name.upper()}")


async def a_file(desk: Desk) -> None:
    """It is not shared a second time unasked; where nobody knows whether it came, that is said."""
    group = await desk.group()
    before = await desk.files()
    last = desk.method == "files.completeUploadExternal"
    async with desk.away():
        told = await desk.asked(f"export {group.address}")
        assert (UNKNOWN if last and desk.what in SILENT else UNANSWERED) in told
    came = before + (last and desk.what == "lost")
    assert await desk.files() == came
    assert "as a direct message" in await desk.asked(f"export {group.address}")
    assert await desk.files() == came + 1


async def a_file_that_is_given(desk: Desk) -> None:
    """What was chosen stays chosen."""
    group = await desk.group()
    pocket = desk.office.pocket
    await pocket.command("ada", "#general", f"/group import {group.address}")
    await pocket.wait_modal("ada", contains="Import contacts")
    await pocket.attach("ada", "file", "people.csv", b"ann@x.example")
    async with desk.away():
        await pocket.submit("ada")
        await pocket.wait_modal("ada", contains=UNANSWERED)
    await pocket.close("ada")
    await pocket.submit("ada")
    assert "One new contact" in pocket.text(await pocket.wait_modal("ada", contains="people.csv"))
    await pocket.close("ada", everything=True)


async def a_form(desk: Desk) -> None:
    group = await desk.group()
    async with desk.away():
        assert UNANSWERED in await desk.asked(f"import {group.address}")
    if desk.what == "lost":  # it opened all the same
        await desk.office.pocket.close("ada")
    await desk.office.pocket.command("ada", "#general", f"/group import {group.address}")
    await desk.office.pocket.wait_modal("ada", contains="Import contacts")
    await desk.office.pocket.close("ada", everything=True)


async def a_form_over_another(desk: Desk) -> None:
    """Its trigger is gone with the try: what became of it comes by direct message."""
    await members_of(desk)
    pocket = desk.office.pocket
    seen = await pocket.messages("ada", "dm")
    async with desk.away():
        await pocket.click("ada", Action.MEMBERS_IMPORT)
        await desk.told("dm", UNANSWERED, seen)
    if desk.what == "lost":
        await pocket.close("ada")
    await pocket.click("ada", Action.MEMBERS_IMPORT)
    await pocket.wait_modal("ada", contains="Import contacts")
    await pocket.close("ada", everything=True)


async def a_form_drawn_anew(desk: Desk) -> None:
    """What the click did is done, and said to be."""
    group = await members_of(desk)
    pocket = desk.office.pocket
    async with desk.office.database.reading() as tx:
        (row,) = await memberships.page(tx, group.id, limit=100, only="contact")
    async with desk.away():
        await pocket.click("ada", Action.MEMBERS_CHOOSE, block_id=f"m{row.id}", value=f"remove:{row.id}")
        said = pocket.text(await pocket.wait_modal("ada", contains="removed"))
        assert UNANSWERED not in said
    assert await desk.contacts(group) == set()
    await pocket.close("ada", everything=True)


async def members_of(desk: Desk) -> Group:
    group = await desk.group()
    async with desk.office.database.writing() as tx:
        await desk.office.enrol(tx, group, "bob@else.example")
    await desk.office.pocket.command("ada", "#general", f"/group members {group.address}")
    await desk.office.pocket.wait_modal("ada", contains="bob@else.example")
    return group


async def the_home_tab(desk: Desk) -> None:
    """Who opens it and sees nothing is told; a moment passes unseen."""
    pocket = desk.office.pocket
    seen = await pocket.messages("ada", "dm")
    async with desk.away():
        await pocket.open_home("ada")
        await desk.told("dm", UNANSWERED, seen)
    told = await desk.said("ada", "dm", UNANSWERED)
    await desk.office.group("aaa")  # the first of many
    await pocket.control(outage=desk.what, methods=desk.method, times=1, retry_after=0)
    await pocket.open_home("ada")
    await pocket.wait_home("ada", contains="aaa@")
    assert await desk.said("ada", "dm", UNANSWERED) == told


async def an_offer_in_a_thread(desk: Desk) -> None:
    """Nobody waits for it: it is not tried again, and the next thing that is typed is offered."""
    group = await desk.group(report_channel=MODERATORS)
    await accept(desk.office, group)
    await desk.office.quiet()
    pocket = desk.office.pocket
    report = await pocket.wait_message("ada", "#moderators", group.address)

    async def withdrawn() -> bool:
        async with desk.office.database.reading() as tx:
            return (await tx.exec(select(Offer))).first() is None

    async with desk.away():
        await pocket.say("ada", "#moderators", "Thank you", thread=report["ts"])
    await desk.office.until(withdrawn)
    seen = await pocket.messages("ada", "#moderators")
    await pocket.say("ada", "#moderators", "Once more", thread=report["ts"])
    await desk.told("#moderators", "stays in Slack", seen)


# In the order in which they are tried: who starts anew may look at what stands in Slack from then on.
ACTS: dict[str, Callable[[Desk], Awaitable[None]]] = {
    POST: a_report,
    "chat.update": a_redrawn_report,
    "conversations.open": a_card_by_direct_message,
    "conversations.info": a_report_of_a_hidden_group,
    "chat.getPermalink": an_answer_in_a_thread,
    "api.test": a_report_while_it_is_asked_whether_slack_is_there,
    "auth.test": a_start,
    "conversations.history": a_report_that_is_looked_for,
    "conversations.replies": an_answer_in_a_thread_that_is_looked_for,
    "chat.postEphemeral": an_offer_in_a_thread,
    "users.info": somebody_new,
    "users.list": everybody_of_the_workspace,
    "conversations.members": a_channels_people,
    "usergroups.users.list": a_user_groups_people,
    "usergroups.list": what_a_group_follows,
    "files.getUploadURLExternal": a_file,
    "files.completeUploadExternal": a_file,
    "files.info": a_file_that_is_given,
    "views.open": a_form,
    "views.push": a_form_over_another,
    "views.update": a_form_drawn_anew,
    "views.publish": the_home_tab,
}


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every wait of the bot's is short, and Slack is asked each time whether it is there."""
    for name in ("bot.slack.TIMEOUT", "bot.shares.TIMEOUT"):
        monkeypatch.setattr(name, aiohttp.ClientTimeout(total=0.4))
    for name in ("bot.outbox.PROBE_SECONDS", "bot.outbox.POLL_SECONDS"):
        monkeypatch.setattr(name, 0.05)
    monkeypatch.setattr("bot.outbox.TRUSTED_SECONDS", 0.0)
    monkeypatch.setattr("bot.answering.WAITS", (0.1, 0.1))
    monkeypatch.setattr("store.following.LATER", (timedelta(seconds=0.1),))


def test_every_method_that_is_called_is_here() -> None:
    assert set(ACTS) == called()


@pytest.mark.parametrize("what", FAULTS)
@pytest.mark.usefixtures("hasty")
async def test_each_method_fails_like_this_while_it_is_used(
    what: str, bot_url: str, pocket_slack: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_office(bot_url, pocket_slack) as office:
        desk = Desk(office, what)
        for desk.method, act in ACTS.items():
            await act(desk)
        await office.quiet()
        assert {placement.state for placement in await office.placements()} == {"waiting"}
        assert office.running is not None
        assert not office.running.done()
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
