"""A mail written in Slack, by its form, by the shortcut at a message, and by the command; the bridge beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.acts import compositions
from mailbridge import composing
from mailbridge.deliver.editions import Editions, Publisher
from mailbridge.intake import opening
from mailbridge.intake.limits import Limits
from mailbridge.settings import BridgeSettings
from mailbridge.tokens import Tokens
from store import memberships
from store.engine import Database
from store.roster import Entry
from store.schema.post import Post
from store.terms import Actor, Address, PostState
from tests.bot.commands.conftest import ADA, DOMAIN, GIL, LINUS, NOOR, TEAM, Office
from tests.bot.commands.test_forged import act_of
from tests.conftest import Clock
from tests.mailbridge.deliver.nameserver import Nameserver

SYSTEM = Actor("system")


@pytest.fixture
async def bridge(office: Office, database: Database) -> AsyncIterator[None]:
    """What a bridge does with what is written in Slack, and nothing else of it; in its world no domain exists."""
    world = await Nameserver().start()
    settings = BridgeSettings.load(
        domains=(DOMAIN,), secret="a secret of the tests", relay="smtp://127.0.0.1:9", nameservers=(world.address,)
    )
    editions = Editions(Publisher(settings.name, Tokens(settings.secrets), None))
    house = opening.house(settings, database, limits=Limits())
    serving = asyncio.create_task(composing.serve(house, editions))
    yield
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    world.stop()


async def team(office: Office) -> int:
    """The team with Linus in it, and a partner outside."""
    await office.create()
    group = await office.group()
    assert group is not None
    assert group.id is not None
    async with office.database.writing() as tx:
        entries = [
            Entry(Address.parse("linus@example.org"), None, ""),
            Entry(Address.parse("p@partner.example"), None, ""),
        ]
        await memberships.enrol(tx, group.id, entries, contact=True, actor=SYSTEM)
    return group.id


async def drawn(office: Office, person: str) -> str:
    """Submit the form, and give what the preview says."""
    answer = await office.pocket.submit(person)
    assert answer["ok"], answer
    modal = await office.pocket.wait_modal(person, contains="Before it is sent")
    return office.pocket.text(modal)


async def post_of(office: Office) -> Post:
    """The post, once the bridge has made it, of which it tells nobody here."""
    async with asyncio.timeout(15):
        while True:
            async with office.database.reading() as tx:
                found = await tx.get(Post, 1)
            if found is not None:
                return found
            await asyncio.sleep(0.02)


async def test_a_message_is_mailed_once_it_was_seen(office: Office, bridge: None, clock: Clock) -> None:
    await team(office)
    said = await office.pocket.say(LINUS, "#general", "Ship *it* <@U0ADA> :tada: see https://example.org/a?b=1&c=2")
    await office.pocket.shortcut(LINUS, "message_to_group", channel="#general", ts=said["ts"])
    form = await office.pocket.wait_modal(LINUS, contains="Mail to a group")
    (typed,) = [block for block in form["blocks"] if block.get("block_id") == "text"]
    assert "@Ada Byron 🎉 see https://example.org/a?b=1&c=2" in typed["element"]["initial_value"]
    offered = await office.pocket.options(LINUS, "group", "team")
    assert [option["text"]["text"] for option in offered["options"]] == [TEAM]
    await office.pocket.fill(LINUS, {"group": offered["options"][0]["value"], "subject": "<!channel> ships :tada:"})
    shown = await drawn(office, LINUS)
    assert "To: team@groups.example.org" in shown
    assert "&lt;!channel&gt; ships 🎉" in shown
    assert "It goes to 2 addresses" in shown
    assert "1 of them is outside this workspace." in shown
    await office.pocket.submit(LINUS)
    await office.pocket.wait_modal(LINUS, contains="goes out at")
    clock.advance(30)
    post = await post_of(office)
    assert (post.state, post.author, post.subject) == (PostState.ACCEPTED, "linus@example.org", "<!channel> ships 🎉")


async def test_what_is_taken_back_is_written_again(office: Office, bridge: None, clock: Clock) -> None:
    await team(office)
    await office.form(LINUS, f"post {TEAM}", contains="Mail to a group")
    await office.pocket.fill(LINUS, {"subject": "Oops", "text": "Too early"})
    await drawn(office, LINUS)
    await office.pocket.submit(LINUS)
    await office.pocket.click(LINUS, "compose.undo")
    await office.pocket.wait_modal(LINUS, contains="Nobody has got it")
    clock.advance(3600)
    await office.pocket.click(LINUS, "compose.edit")
    form = await office.pocket.wait_modal(LINUS, contains="Mail to a group")
    assert "Too early" in str(form["blocks"])
    async with office.database.reading() as tx:
        assert await tx.get(Post, 1) is None


async def test_who_cannot_and_what_cannot_be_written_is_told(office: Office, bridge: None) -> None:
    await team(office)
    assert "Guests cannot write mail" in await office.ask(GIL, "post")
    assert "shows no e-mail address" in await office.ask(NOOR, "post")
    assert "no group" in (await office.ask(ADA, "post nothing@groups.example.org")).lower()
    assert await compositions.suggest(await act_of(office, GIL), "team") == []
    assert len(await compositions.suggest(await act_of(office, LINUS), "team")) == 1
    await office.form(LINUS, f"post {TEAM}", contains="Mail to a group")
    for values, field, word in [
        ({"subject": "   ", "text": "x"}, "subject", "empty"),
        ({"subject": "x", "text": "a\x07b"}, "text", "control character"),
    ]:
        await office.pocket.fill(LINUS, values)
        answer = await office.pocket.submit(LINUS)
        assert word in answer["errors"][field], answer


async def test_nothing_is_sent_unseen_while_no_bridge_lives(office: Office, clock: Clock) -> None:
    await team(office)
    await office.form(LINUS, f"post {TEAM}", contains="Mail to a group")
    await office.pocket.fill(LINUS, {"subject": "Hello", "text": "Anybody there?"})
    assert "Nothing has been sent" in await drawn(office, LINUS)
    clock.advance(60)
    await office.pocket.submit(LINUS)
    await office.pocket.wait_modal(LINUS, contains="bridge has not answered")
