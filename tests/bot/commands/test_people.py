"""A group's people, by command and in the members form."""

from __future__ import annotations

from store import groups, memberships, persons
from store.terms import Receiving
from tests.bot.commands.conftest import ADA, BOTH, DOMAIN, GIL, GRACE, LINUS, MARGARET, Office


@BOTH
async def test_add_and_remove_with_roles(office: Office) -> None:
    await office.create()
    told = await office.ask(ADA, "add team @linus @margaret Jo Doe <jo@example.com>, jo@example.com")
    assert "3 added" in told
    assert "already" in await office.ask(ADA, "add team @linus")
    assert "as moderator" in await office.ask(ADA, "add team @linus as moderator")
    assert "belongs to nobody in Slack" in await office.ask(ADA, "add team x@example.com as administrator")
    assert "Noor Haddad" in await office.ask(ADA, "add team @noor")
    assert "as administrator" in await office.ask(ADA, "add team @noor as administrator")
    place = await office.place(LINUS)
    assert place is not None
    assert (place.contact, place.moderator) == (True, True)
    assert "No longer contact" in await office.ask(ADA, "remove team @linus as contact")
    place = await office.place(LINUS)
    assert place is not None
    assert (place.contact, place.moderator) == (False, True)
    told = await office.ask(ADA, "remove team jo@example.com @grace")
    assert "Removed from" in told
    assert f"Not in the group: <@{GRACE}>" in told
    assert "Only administrators" in await office.ask(LINUS, "add team @grace")
    assert "Only administrators" in await office.ask(LINUS, "remove team @ada")
    assert "Only administrators" in await office.ask(GIL, "members team")


@BOTH
async def test_the_members_form_pages_searches_and_acts(office: Office) -> None:
    many = "\n".join(f"person{n:02}@example.com" for n in range(20))
    await office.create(people={"contacts": [LINUS], "outside": many})
    modal = office.pocket.text(await office.form(ADA, "members team", contains="Members"))
    assert "Contacts: 21 (receiving: 21)" in modal
    assert "person12@" in modal
    assert "person16@" not in modal
    await office.pocket.click(ADA, "members.page#2")
    await office.pocket.wait_modal(ADA, contains="person16@")
    await office.pocket.fill(ADA, {"search": "linus"})
    assert (await office.submit(ADA))["ok"]
    view = await office.pocket.wait_modal(ADA, contains="linus@example.org")
    assert "person" not in office.pocket.text(view)
    place = await office.place(LINUS)
    assert place is not None
    await office.pocket.click(ADA, "members.choose", value=f"make_moderator:{place.id}")
    await office.pocket.wait_modal(ADA, contains="is a moderator now")
    await office.pocket.click(ADA, "members.choose", value=f"pause:{place.id}")
    await office.pocket.wait_modal(ADA, contains="Delivery paused")
    await office.pocket.click(ADA, "members.choose", value=f"remove:{place.id}")
    await office.pocket.wait_modal(ADA, contains="was removed")
    assert await office.place(LINUS) is None


async def test_who_stopped_their_mail_is_not_started_again_by_others(office: Office) -> None:
    await office.create(leave="closed", people={"contacts": [LINUS]})
    await office.form(ADA, "members team linus", contains="linus@")
    assert "No more mail comes" in await office.ask(LINUS, "leave team")
    place = await office.place(LINUS)
    assert place is not None
    await office.pocket.click(ADA, "members.choose", value=f"pause:{place.id}")  # drawn while his mail still came
    await office.pocket.wait_modal(ADA, contains="They stopped their mail from this group themselves")
    place = await office.place(LINUS)
    assert place is not None
    assert place.receiving is Receiving.STOPPED
    assert "You stopped the mail of" in await office.ask(LINUS, "pause team")
    assert "You stopped the mail of" in await office.ask(LINUS, "resume team")


async def test_a_menu_whose_right_is_gone_does_nothing(office: Office) -> None:
    await office.create(people={"administrators": [ADA, LINUS], "contacts": [MARGARET]})
    await office.form(LINUS, "members team margaret", contains="margaret@")
    assert "No longer administrator" in await office.ask(ADA, "remove team @linus as administrator")
    place = await office.place(MARGARET)
    assert place is not None
    await office.pocket.click(LINUS, "members.choose", value=f"remove:{place.id}")
    await office.pocket.wait_modal(LINUS, contains="Only administrators")
    assert await office.place(MARGARET) is not None


@BOTH
async def test_a_group_within_is_shown_as_one(office: Office) -> None:
    await office.create()
    async with office.database.writing() as tx:
        ada = await persons.by_slack(tx, ADA)
        assert ada is not None
        for local, hidden in (("inner", False), ("secret", True)):
            new = groups.NewGroup(f"{local}@{DOMAIN}", administrators=(memberships.Entry(None, ada.id),), hidden=hidden)
            await groups.create(tx, new, office.services.served, persons.actor(ada))
    await office.ask(ADA, f"add team inner@{DOMAIN} secret@{DOMAIN} jo@example.net")
    modal = office.pocket.text(await office.form(ADA, "members team", contains="inner@"))
    assert modal.count("A group: its own contacts get the mail") == 2
    assert f"goes to the groups within it: inner@{DOMAIN}, secret@{DOMAIN}" in await office.ask(ADA, "show team")
    shown = await office.ask(LINUS, "show team")
    assert f"goes to the groups within it: inner@{DOMAIN}" in shown
    assert "secret" not in shown
