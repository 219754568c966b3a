"""One's own place in a group, by command: join, leave, pause, resume, test."""

from __future__ import annotations

from sqlmodel import select

from store import pending
from store.schema.audit import Audit
from store.terms import Receiving
from tests.bot.commands.conftest import ADA, BOTH, GRACE, LINUS, MARGARET, NOOR, TEAM, Office
from tests.store.named import named


@BOTH
async def test_join_open_moderated_closed_twice_and_pending(office: Office) -> None:
    await office.create()
    assert "You asked to join" in await office.ask(LINUS, "join team I work with <!here> & you")
    assert "is waiting for its moderators already" in await office.ask(LINUS, "join team")
    async with office.database.reading() as tx:
        group = await named(tx, TEAM)
        assert group is not None
        assert group.id is not None
        (request,) = await pending.requests(tx, [group.id])
    assert (request.address, request.kind) == ("linus@example.org", "join")
    await office.ask(ADA, "settings team subscription open")
    assert "reaches you at margaret@example.org" in await office.ask(MARGARET, "join team")
    assert "are a contact of" in await office.ask(MARGARET, "join team")
    await office.ask(ADA, "settings team subscription closed")
    assert "Ask Ada Byron" in await office.ask(GRACE, "join team")
    assert await office.place(GRACE) is None
    async with office.database.reading() as tx:
        assert await pending.requests(tx, [group.id]) == [request]


async def test_who_has_no_address_in_slack_is_asked_for_one(office: Office) -> None:
    await office.create(subscription="open")
    await office.form(NOOR, "join team let me in", contains="Slack shows no e-mail address for you")
    for typed, word in (("noor", "is not an e-mail address"), (TEAM, "the group itself")):
        await office.pocket.fill(NOOR, {"mailbox": typed})
        assert word in (await office.submit(NOOR))["errors"]["mailbox"]
    assert await waiting(office) == []
    await office.pocket.fill(NOOR, {"mailbox": "Noor@Home.example"})
    assert (await office.submit(NOOR))["ok"]
    await office.pocket.wait_modal(NOOR, contains="asked to join *The team* with Noor@home.example")
    assert await waiting(office) == [("Noor@home.example", "let me in")]  # not theirs by Slack: somebody looks at it
    assert "waiting for its moderators already" in await office.ask(NOOR, "join team at noor@home.example")
    await office.ask(ADA, "pending")
    await office.pocket.click(ADA, "request.approve", channel="#general")

    async def contact() -> bool:
        place = await office.place(NOOR)
        return place is not None and place.contact and place.key == "noor@home.example"

    await office.pocket.wait_for(contact, what="Noor to be a contact at the address given")


async def test_the_join_button_asks_for_an_address_too(office: Office) -> None:
    await office.create()
    assert "The team" in await office.ask(NOOR, "list")
    await office.pocket.click(NOOR, "group.join", channel="#general")
    await office.pocket.wait_modal(NOOR, contains="Join a group")
    await office.pocket.fill(NOOR, {"mailbox": "noor@home.example", "note": "It is me"})
    assert (await office.submit(NOOR))["ok"]
    await office.pocket.wait_modal(NOOR, contains="You asked to join")
    assert await waiting(office) == [("noor@home.example", "It is me")]


async def test_another_address_of_ones_own_waits_for_a_look_even_in_an_open_group(office: Office) -> None:
    await office.create(subscription="open")
    assert "asked to join" in await office.ask(LINUS, "join team at linus@home.example please")
    assert await waiting(office) == [("linus@home.example", "please")]
    assert await office.place(LINUS) is None


async def waiting(office: Office) -> list[tuple[str, str]]:
    """The addresses and notes of the requests that wait for the team."""
    async with office.database.reading() as tx:
        group = await named(tx, TEAM)
        assert group is not None
        assert group.id is not None
        return [(request.address, request.note) for request in await pending.requests(tx, [group.id])]


async def test_leaving_and_its_policies(office: Office) -> None:
    await office.create(people={"contacts": [LINUS, MARGARET, GRACE]})
    assert "You left" in await office.ask(LINUS, "leave team")
    assert await office.place(LINUS) is None
    assert "nothing to leave" in await office.ask(LINUS, "leave team")
    await office.ask(ADA, "settings team leave moderated")
    assert "asked to take you off" in await office.ask(MARGARET, "leave team")
    await office.ask(ADA, "settings team leave closed")
    assert "Only its administrators can take you off" in await office.ask(GRACE, "leave team")
    for one in (MARGARET, GRACE):
        place = await office.place(one)
        assert place is not None
        assert place.receiving is Receiving.STOPPED


async def test_the_last_administrator_stays(office: Office) -> None:
    await office.create()
    assert "Make another person administrator first" in await office.ask(ADA, "leave team")
    assert "Make another person administrator first" in await office.ask(ADA, "remove team @ada")
    assert "Make another person administrator first" in await office.ask(ADA, "remove team @ada as administrator")
    place = await office.place(ADA)
    assert place is not None
    assert place.administrator


async def test_pause_and_resume(office: Office) -> None:
    await office.create(people={"contacts": [LINUS]})
    for text in ("pause team", "pause team none", "suspendre team aucun"):
        assert "until you resume" in await office.ask(LINUS, text)
    assert "until" in await office.ask(LINUS, "pause team 2 weeks")
    place = await office.place(LINUS)
    assert place is not None
    assert place.paused_until is not None
    assert place.paused_until.isoformat() == "2026-03-15T23:00:00+00:00"  # midnight in Stockholm
    assert "come again" in await office.ask(LINUS, "resume team")
    assert "on already" in await office.ask(LINUS, "resume team")
    assert "is not after today" in await office.ask(LINUS, "pause team 2026-03-02")
    assert "not a day" in await office.ask(LINUS, "pause team when I say so")
    assert "receive no mail" in await office.ask(ADA, "pause team")


async def test_a_test_mail_is_for_deciders_with_an_address(office: Office) -> None:
    await office.create(people={"moderators": [NOOR], "contacts": [LINUS]})
    assert "on its way" in await office.ask(ADA, "test team")
    assert "nowhere to send" in await office.ask(NOOR, "test team")
    assert "Only moderators and administrators" in await office.ask(LINUS, "test team")


# ---------------------------------------------------------------- which copies


@BOTH
async def test_which_copies_come_is_chosen_by_words(office: Office) -> None:
    await office.create(subscription="open")
    await office.ask(LINUS, "join team")
    assert "Copies of your own posts come" in await office.ask(LINUS, "receive team own")
    assert "No copies of your own posts" in await office.ask(LINUS, "receive team own=off")
    assert "No copies come of posts that name you" in await office.ask(LINUS, "receive team ADDRESSED no")
    place = await office.place(LINUS)
    assert place is not None
    assert (place.receive_own, place.receive_addressed) == (False, False)
    shown = await office.ask(LINUS, "show team")
    assert "No copies of your own posts come" in shown
    assert "No copies come of posts that name you in To or Cc" in shown
    assert "Copies of your own posts come" in await office.ask(LINUS, "receive team own on")
    assert "of posts that name you" in await office.ask(LINUS, "receive team addressed")  # a question changes nothing
    place = await office.place(LINUS)
    assert place is not None
    assert (place.receive_own, place.receive_addressed) == (True, False)
    async with office.database.reading() as tx:
        rows = (await tx.exec(select(Audit).where(Audit.verb == "membership.wished"))).all()
    assert [row.details for row in rows] == [
        {"own": False, "addressed": True}, {"own": False, "addressed": False}, {"own": True, "addressed": False},
    ]  # fmt: skip


async def test_what_cannot_be_chosen_is_said_with_how_it_is_written(office: Office) -> None:
    await office.create(subscription="open")
    await office.ask(LINUS, "join team")
    usage = "receive ADDRESS [own|addressed] [on|off]"
    for typed, word in (
        ("receive", "its address is missing"),
        ("receive team mine", "“mine” is neither own"),
        ("receive team own perhaps", "“perhaps” is neither on nor off"),
        ("receive team own on now", "I do not know what to do with “now”"),
    ):
        told = await office.ask(LINUS, typed)
        assert word in told
        assert usage in told
    told = await office.ask(MARGARET, "receive team own off")
    assert "no copies of yours to pause, resume or choose" in told
    assert "Did you mean /group receive" in await office.ask(LINUS, "duplicates team")
    place = await office.place(LINUS)
    assert place is not None
    assert (place.receive_own, place.receive_addressed) == (True, True)


async def test_which_copies_come_is_chosen_in_a_form_from_home(office: Office) -> None:
    await office.create(subscription="open")
    await office.ask(LINUS, "join team")
    await office.pocket.open_home(LINUS)
    await office.pocket.wait_home(LINUS, contains="The team")
    await office.pocket.click(LINUS, "group.receive", home=True)
    await office.pocket.wait_modal(LINUS, contains="Which copies do you want?")
    await office.pocket.fill(LINUS, {"wishes": ["addressed"]})
    assert (await office.submit(LINUS))["ok"]
    await office.pocket.wait_modal(LINUS, contains="No copies of your own posts come")
    await office.pocket.wait_home(LINUS, contains="No copies of your own posts come")
    place = await office.place(LINUS)
    assert place is not None
    assert (place.receive_own, place.receive_addressed) == (False, True)
    # Who left meanwhile is told, and nothing is kept.
    await office.form(LINUS, "receive team", contains="Which copies do you want?")
    await office.ask(ADA, "remove team @linus")
    assert "own_copies_none" not in str(await office.submit(LINUS))
    assert await office.place(LINUS) is None
