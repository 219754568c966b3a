"""The Home tab: my groups, what waits for me, Create, and who I am to Postroom."""

from __future__ import annotations

from store import groups, memberships, persons
from store.terms import Receiving
from tests.bot.commands.conftest import ADA, BOTH, DOMAIN, GIL, LINUS, NOOR, Office
from tests.store.named import named


async def shown(office: Office, person: str, contains: str = "") -> str:
    await office.pocket.open_home(person)
    return office.pocket.text(await office.pocket.wait_home(person, contains=contains))


async def test_an_operator_creates_from_home(office: Office) -> None:
    assert "You are in no group yet" in await shown(office, ADA, "Create a group")
    await office.pocket.click(ADA, "group.create", home=True)
    await office.pocket.wait_modal(ADA, contains="1 of 3")


async def test_others_see_who_they_are_and_no_create(office: Office) -> None:
    text = await shown(office, LINUS, "linus@example.org")
    assert "Create a group" not in text
    assert "no e-mail address for you" in await shown(office, NOOR, "no e-mail")
    assert "As a guest" in await shown(office, GIL, "guest")


@BOTH
async def test_pause_resume_and_leave_from_home(office: Office) -> None:
    await office.create(people={"contacts": [LINUS]})
    await shown(office, LINUS, "The team")
    await office.pocket.click(LINUS, "group.pause", home=True)
    await office.pocket.wait_home(LINUS, contains="Your copies are paused")
    async with office.database.reading() as tx:
        linus = await persons.by_slack(tx, LINUS)
        group = await named(tx, f"team@{DOMAIN}")
        assert linus is not None
        assert group is not None
        place = await memberships.find(tx, group.id, person_id=linus.id)
    assert place is not None
    assert place.receiving is Receiving.PAUSED
    await office.pocket.wait_modal(LINUS, contains="are paused until you resume")
    await office.pocket.close(LINUS, everything=True)
    await office.pocket.click(LINUS, "group.resume", home=True)
    await office.pocket.wait_home(LINUS, contains="Pause my copies")
    await office.pocket.close(LINUS, everything=True)
    await office.pocket.click(LINUS, "group.leave", home=True)
    await office.pocket.wait_home(LINUS, contains="You are in no group yet")


@BOTH
async def test_requests_are_decided_from_home(office: Office) -> None:
    await office.create()
    await office.ask(LINUS, "join team please")
    assert "They write: please" in await shown(office, ADA, "asks to join")
    await office.pocket.click(ADA, "request.approve", home=True)
    await office.pocket.wait_home(ADA, contains="Nothing waits for you")
    assert "The team" in await shown(office, LINUS, "The team")


async def test_a_denial_from_home_leaves_home_without_the_request(office: Office) -> None:
    await office.create()
    await office.ask(LINUS, "join team")
    await shown(office, ADA, "asks to join")
    await office.pocket.click(ADA, "request.deny", home=True)
    await office.pocket.wait_modal(ADA)
    assert (await office.submit(ADA))["ok"]
    await office.pocket.wait_home(ADA, contains="Nothing waits for you")


async def test_settings_and_members_open_from_home(office: Office) -> None:
    await office.create()
    await shown(office, ADA, "The team")
    await office.pocket.click(ADA, "group.settings", home=True)
    await office.pocket.wait_modal(ADA, contains="Settings (1 of 3)")
    await office.pocket.close(ADA, everything=True)
    await office.pocket.click(ADA, "group.members", home=True)
    await office.pocket.wait_modal(ADA, contains="Administrators: 1")


async def test_many_groups_come_in_pages(office: Office) -> None:
    async with office.database.writing() as tx:
        linus = await persons.by_slack(tx, LINUS)
        assert linus is not None
        for n in range(17):
            new = groups.NewGroup(
                address=f"g{n:02}@{DOMAIN}",
                display_name=f"Group {n:02}",
                administrators=(memberships.Entry(None, linus.id),),
            )
            await groups.create(tx, new, office.services.served, persons.actor(linus))
    text = await shown(office, LINUS, "Group 14")
    assert "Group 15" not in text
    await office.pocket.click(LINUS, "home.page#2", home=True)
    text = office.pocket.text(await office.pocket.wait_home(LINUS, contains="Group 16"))
    assert "Group 14" not in text


async def test_the_messages_tab_draws_nothing(office: Office) -> None:
    await office.pocket.open_home(LINUS, tab="messages")
    await office.ask(LINUS, "help")
    assert await office.pocket.home(LINUS) is None
