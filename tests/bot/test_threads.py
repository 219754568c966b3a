"""What people type in the thread of a report: told once that it stays in Slack, and mailed by nothing but a click."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from bot.acts import threads
from bot.context import Services
from bot.directory import Directory
from bot.payloads import Typed
from bot.sandbox.people import BOT_USER
from bot.slack import Slack
from bot.views.ids import Action
from store import persons
from store.schema.composition import Composition
from store.schema.group import Group
from store.schema.offer import Offer
from store.terms import Moderation, Posting
from store.verdicts import OfferAnswer
from tests.bot.conftest import Office
from tests.bot.test_conversation import mailed, reports

ADA, GRACE, LINUS, GIL, NOOR = "U0ADA", "U0GRACE", "U0LINUS", "U0GIL", "U0NOOR"
TOLD = "This stays in Slack"
ROOM = "C0REPORTS"
EVENT = {"type": "message", "channel": ROOM, "thread_ts": "1.000001", "ts": "2.000001", "user": ADA, "text": "Yes"}


@pytest.fixture
async def services(office: Office) -> AsyncIterator[Services]:
    """What a handler is given, to run one and see it end."""
    slack = Slack.connect(token=office.settings.bot_token.get_secret_value(), api_url=office.settings.api_url)
    await slack.authenticate()
    yield Services(office.database, office.settings, slack, Directory(office.database, slack, ()))
    await slack.close()


async def team(office: Office, **settings: Any) -> Group:
    await office.pocket.control(grant=["channels:history"])
    return await office.group(report_channel=ROOM, posting=Posting.ANYONE, **settings)


async def told(office: Office, person: str) -> list[str]:
    """The threads in which a person was told, as often as they were."""
    seen = await office.pocket.messages(person, ROOM)
    return [one["thread_ts"] for one in seen if one["ephemeral"] and TOLD in office.pocket.text(one)]


async def wait_told(office: Office, person: str, times: int) -> None:
    async def so_often() -> bool:
        return len(await told(office, person)) == times

    await office.until(so_often)


async def offers(office: Office) -> list[Offer]:
    async with office.database.reading() as tx:
        return list((await tx.exec(select(Offer).order_by(Offer.id))).all())  # type: ignore[arg-type]  # a column


async def taken_up(office: Office) -> None:
    """Until every offer is known to be taken up, which it is after the form is open."""

    async def all_taken() -> bool:
        return {one.answer for one in await offers(office)} == {OfferAnswer.TAKEN}

    await office.until(all_taken)


def typed_in(form: dict[str, Any]) -> str:
    """What stands in the form's text."""
    (block,) = [one for one in form["blocks"] if one.get("block_id") == "text"]
    return str(block["element"].get("initial_value", ""))


async def used_at(office: Office, ts: str, contains: str) -> dict[str, Any]:
    """Linus uses the shortcut at a message; gives the form, which is closed again."""
    await office.pocket.shortcut(LINUS, "message_to_group", channel=ROOM, ts=ts)
    form = await office.pocket.wait_modal(LINUS, contains=contains)
    await office.pocket.close(LINUS, everything=True)
    return form


@pytest.mark.parametrize(
    "changed",
    [
        {"thread_ts": None},
        {"thread_ts": EVENT["ts"]},
        {"subtype": "message_changed", "user": None, "hidden": True, "message": EVENT},
        {"subtype": "message_deleted", "hidden": True},
        {"subtype": "channel_join"},
        {"subtype": "bot_message", "bot_id": "B1"},
        {"bot_id": "B1"},
        {"user": None, "message": EVENT},  # message_replied, which comes without its subtype
    ],
    ids=str,
)
def test_what_no_person_types_in_a_thread_is_not_looked_at(changed: dict[str, Any]) -> None:
    assert Typed.read({key: value for key, value in (EVENT | changed).items() if value is not None}) is None


@pytest.mark.parametrize("subtype", [{}, {"subtype": "file_share"}, {"subtype": "thread_broadcast"}], ids=str)
def test_what_a_person_types_is_taken_along_without_its_text(subtype: dict[str, str]) -> None:
    typed = Typed.read(EVENT | subtype)
    assert typed == Typed(ROOM, "1.000001", "2.000001", ADA)


async def test_a_person_is_told_once_a_thread_and_a_click_makes_an_answer_of_it(office: Office) -> None:
    group = await team(office)
    pocket = office.pocket
    await mailed(office, group, "first", "Nine?")
    await mailed(office, group, "second", "Yes", "<first@x>")
    first, second = sorted(await reports(office), key=lambda one: float(one["ts"]))
    root = first["ts"]
    said = await pocket.say(LINUS, ROOM, "*Ten*, <@U0ADA>", thread=root)
    await pocket.wait_message(LINUS, ROOM, TOLD)
    assert await told(office, LINUS) == [root]
    assert await told(office, ADA) == []
    await pocket.click(LINUS, Action.THREAD_SEND, channel=ROOM)
    form = await pocket.wait_modal(LINUS, contains="Your answer to a post")
    assert typed_in(form) == "*Ten*, @ada"
    assert "About second" in str(form)  # what stands last above it is what it answers
    assert "Eve" in pocket.text(form)
    assert group.address in pocket.text(form)
    async with office.database.reading() as tx:
        assert (await tx.exec(select(Composition.id))).all() == []  # nothing was sent, nor kept
    await pocket.close(LINUS, everything=True)
    # Whoever took it up is told of the next one, too; and a shortcut at either does the same.
    await pocket.wait_message(LINUS, ROOM, "Only what you send with the form")
    assert await told(office, LINUS) == []
    await pocket.say(LINUS, ROOM, "Eleven", thread=root)
    await wait_told(office, LINUS, 1)
    form = await used_at(office, said["ts"], "Your answer to a post")
    assert typed_in(form) == "*Ten*, @ada"
    workspace = office.sandbox.workspace
    assert workspace is not None
    note = workspace.post(ROOM, BOT_USER, "Some copies came back", thread_ts=root)
    # What we said ourselves is no answer to anything.
    for at, subject in ((first["ts"], "About first"), (second["ts"], "About second"), (note.ts, "About second")):
        form = await used_at(office, at, "Your answer to a post")
        assert subject in str(form)
        assert typed_in(form) == ""
    await pocket.say(ADA, ROOM, "unread", thread=(await pocket.say(ADA, ROOM, "elsewhere"))["ts"])
    (elsewhere,) = [one for one in await pocket.messages(LINUS, ROOM) if one["text"] == "unread"]
    form = await used_at(office, elsewhere["ts"], "Mail to a group")
    assert "group" in {block.get("block_id") for block in form["blocks"]}
    assert typed_in(form) == "unread"


async def test_what_was_typed_is_read_as_it_stands_at_the_click(office: Office) -> None:
    group = await team(office)
    await mailed(office, group, "first", "Nine?")
    (report,) = await reports(office)
    pocket, workspace = office.pocket, office.sandbox.workspace
    assert workspace is not None
    said = await pocket.say(LINUS, ROOM, "Tne", thread=report["ts"])
    await wait_told(office, LINUS, 1)
    message = workspace.messages.get(ROOM, said["ts"])
    assert message is not None
    workspace.change(message, {"text": "Ten"})
    await pocket.click(LINUS, Action.THREAD_SEND, channel=ROOM)
    assert typed_in(await pocket.wait_modal(LINUS, contains="Your answer")) == "Ten"
    await pocket.close(LINUS, everything=True)
    # The form opens all the same where Slack does not say, or what was typed is gone.
    await pocket.control(outage="503", methods="conversations.replies", times=1)
    for deleted in (False, True):
        if deleted:
            workspace.delete(message)
        await pocket.click(LINUS, Action.THREAD_SEND, channel=ROOM)
        form = await pocket.wait_modal(LINUS, contains="could not be read")
        assert typed_in(form) == ""
        await pocket.close(LINUS, everything=True)


async def test_who_declines_is_told_nowhere_until_they_send_one(office: Office, services: Services) -> None:
    group = await team(office)
    pocket = office.pocket
    await mailed(office, group, "first", "Nine?")
    await mailed(office, group, "other", "Lunch?")
    first, other = sorted(await reports(office), key=lambda one: float(one["ts"]))
    await pocket.edit_person(LINUS, locale="fr-FR")

    async def french() -> bool:
        async with office.database.reading() as tx:
            person = await persons.by_slack(tx, LINUS)
        return person is not None and person.locale == "fr-FR"

    await office.until(french)
    await pocket.say(LINUS, ROOM, "Dix", thread=first["ts"])
    await pocket.wait_message(LINUS, ROOM, "Ceci reste dans Slack")
    await pocket.click(LINUS, Action.THREAD_DECLINE, channel=ROOM)
    quiet = await pocket.wait_message(LINUS, ROOM, "Pendant trois mois")
    assert (quiet["ephemeral"], quiet["thread_ts"]) == (True, first["ts"])
    later = Typed(ROOM, other["ts"], (await pocket.say(LINUS, ROOM, "Midi", thread=other["ts"]))["ts"], LINUS)
    await threads.typed(services, later)
    assert len(await offers(office)) == 1
    await pocket.click(LINUS, Action.THREAD_SEND, channel=ROOM)
    assert "Votre réponse" in pocket.text(await pocket.wait_modal(LINUS))

    await taken_up(office)
    await threads.typed(services, later)
    await threads.typed(services, later)  # Slack tells an event again
    assert len(await offers(office)) == 2


async def test_nobody_is_told_who_could_not_send_it_and_nothing_foreign_is_kept(
    office: Office, services: Services
) -> None:
    group = await team(office, moderation=Moderation.NONE)
    await mailed(office, group, "first", "Nine?")
    (report,) = await reports(office)
    pocket = office.pocket
    elsewhere = (await pocket.say(ADA, ROOM, "Lunch?"))["ts"]
    await pocket.say(ADA, ROOM, "Soup", thread=elsewhere)
    async with office.database.writing() as tx:
        await persons.upsert(tx, persons.Profile("U0EVE", "Eve", "eve@elsewhere.example", stranger=True))
    typed = [(one, report["ts"]) for one in (GIL, NOOR, "U0EVE", "U0NOBODY")] + [(ADA, elsewhere)]
    with capture_logs() as logs:
        for who, thread in typed:
            await threads.typed(services, Typed(ROOM, thread, f"{float(thread) + 1:.6f}", who))
    assert (await offers(office), logs) == ([], [])
    assert [await told(office, one) for one in (GIL, NOOR, ADA)] == [[], [], []]
    # Linus may write while anybody may; then only members, and he is none; then he is.
    async with office.database.writing() as tx:
        row = await tx.get_one(Group, group.id)
        row.posting = Posting.MEMBERS
        tx.add(row)
    said = Typed(ROOM, report["ts"], (await pocket.say(LINUS, ROOM, "Ten", thread=report["ts"]))["ts"], LINUS)
    await threads.typed(services, said)
    assert await offers(office) == []
    async with office.database.writing() as tx:
        await office.enrol(tx, group, "linus@example.org")
    await threads.typed(services, said)
    assert [one.ts for one in await offers(office)] == [said.ts]
    assert await told(office, LINUS) == [report["ts"]]
