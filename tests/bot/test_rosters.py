"""Membership in a (pocket) workspace: files in and out, channels and user groups, last days, as their users do it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from bot.views.ids import Action
from store import endings, suppressions
from store.schema.group import Group
from store.schema.membership import Membership
from store.terms import SuppressionReason
from tests.bot.conftest import Office

FILE = "Nom;Adresse\r\nAnn Ève;ann@x.example\r\n=1+1;bo@x.example\r\nNemo;nobody\r\nX;left@x.example\r\n".encode(
    "cp1252"
)


@pytest.fixture
async def group(office: Office) -> Group:
    return await office.group()


async def contacts(office: Office, group: Group) -> dict[str, Membership]:
    async with office.database.reading() as tx:
        found = await tx.exec(select(Membership).where(col(Membership.group_id) == group.id, col(Membership.contact)))
        return {row.key or "": row for row in found.all()}


async def ask(office: Office, person: str, text: str) -> str:
    before = await office.pocket.messages(person, "#general")
    await office.pocket.command(person, "#general", f"/group {text}")
    after = before[-1]["ts"] if before else "0"
    return office.pocket.text(await office.pocket.wait_message(person, "#general", "", after=after))


async def imported(office: Office, content: bytes, *, others: bool = False) -> str:
    """Ada chooses a file in the form; gives what it says then."""
    pocket = office.pocket
    await pocket.command("ada", "#general", "/group import team")
    await pocket.wait_modal("ada", contains="Import contacts")
    await pocket.attach("ada", "file", "people.csv", content)
    if others:
        await pocket.fill("ada", {"withdraw_others": ["withdraw"]})
    assert (await pocket.submit("ada"))["ok"]
    said = pocket.text(await pocket.wait_modal("ada", contains="people.csv"))
    await pocket.close("ada")
    return said


async def card(office: Office, contains: str) -> dict[str, Any]:
    return await office.pocket.wait_message("ada", "dm", contains)


async def test_a_file_is_shown_then_applied_by_one_click_and_comes_out_again(office: Office, group: Group) -> None:
    assert group.id is not None
    async with office.database.writing() as tx:
        await suppressions.add(tx, group.id, ["left@x.example"], SuppressionReason.LEFT)
    said = await imported(office, FILE)
    assert "2 new contacts" in said
    assert "read as Windows-1252" in said
    assert "One left the group themselves" in said
    assert not await contacts(office, group)
    faults = await card(office, "2 lines are left out")
    lines = (await office.pocket.download(faults["files"][0])).decode("utf-8-sig").splitlines()
    assert [line.partition(",")[0] for line in lines] == ["line", "4", ""]
    assert "nobody" in lines[1]
    assert "left the group themselves" in lines[2]
    shown = await card(office, "would change")
    assert [b["text"]["text"] for b in shown["blocks"][-1]["elements"]] == ["Apply", "Discard"]
    assert "confirm" not in shown["blocks"][-1]["elements"][0]
    await office.pocket.click("ada", Action.PROPOSAL_APPLY)
    assert "2 contacts added" in office.pocket.text(await card(office, "was applied"))
    assert {key: row.name for key, row in (await contacts(office, group)).items()} == {
        "ann@x.example": "Ann Ève", "bo@x.example": "=1+1",
    }  # fmt: skip
    assert "as a direct message" in await ask(office, "ada", "export team")
    sent = await card(office, "The 2 contacts")
    written = await office.pocket.download(sent["files"][0])
    assert written.decode("utf-8-sig").splitlines() == ["address,name", "ann@x.example,Ann Ève", "bo@x.example,'=1+1"]
    assert "changes nothing" in await imported(office, written)


async def test_so_many_taken_out_are_asked_about_and_a_discard_changes_nothing(office: Office, group: Group) -> None:
    many = [f"p{n}@x.example" for n in range(12)]
    async with office.database.writing() as tx:
        await office.enrol(tx, group, *many)
    assert "11 contacts are taken out" in await imported(office, b"p0@x.example", others=True)
    shown = await card(office, "would change")
    assert "11 contacts" in str(shown["blocks"][-1]["elements"][0]["confirm"])
    await office.pocket.click("ada", Action.PROPOSAL_DISCARD)
    await card(office, "was discarded")
    assert len(await contacts(office, group)) == 12


async def test_who_may_not_and_what_cannot_be_read(office: Office, group: Group) -> None:
    assert "Only administrators" in await ask(office, "grace", "import team")
    assert "Only administrators" in await ask(office, "grace", "export team")
    await office.pocket.command("ada", "#general", "/group import team")
    await office.pocket.wait_modal("ada", contains="Import contacts")
    await office.pocket.attach("ada", "file", "people.csv", b"first,second\na,b\n")
    assert "No column holds addresses" in (await office.pocket.submit("ada"))["errors"]["file"]
    await office.pocket.control(revoke=["files:read", "files:write"])
    assert "files:read" in (await office.pocket.submit("ada"))["errors"]["file"]
    await office.pocket.close("ada", everything=True)
    assert "files:write" in await ask(office, "ada", "export team")


async def test_a_channel_and_a_user_group_at_this_moment(office: Office, group: Group) -> None:
    assert group.id is not None
    async with office.database.writing() as tx:
        await suppressions.add(tx, group.id, ["linus@example.org"], SuppressionReason.LEFT)
    told = await ask(office, "ada", "add team #general")
    assert "left the group themselves" in told
    assert "a guest" in told
    assert "no e-mail address in Slack" in told
    assert "linus@example.org" not in await contacts(office, group)
    assert {"ada@example.org", "grace@example.org"} <= set(await contacts(office, group))
    assert "<@U0LINUS>" in await ask(office, "ada", "add team @linus")  # named, he comes back
    await office.pocket.control(revoke=["usergroups:read"])
    assert "usergroups:read" in await ask(office, "ada", "add team @mail-ops")
    await office.pocket.control(grant=["usergroups:read"])
    assert "already" in await ask(office, "ada", "add team @mail-ops")
    assert "I cannot see who is in" in await ask(office, "ada", "add team #board")
    # Ada is administrator still, and gets no copies any more.
    told = await ask(office, "ada", "remove team @mail-ops")
    assert "2 are no longer contact" in told
    assert "ada@example.org" not in await contacts(office, group)


async def test_many_of_a_channel_are_shown_first(office: Office, group: Group) -> None:
    people = [f"person{n}" for n in range(12)]
    for one in people:
        await office.pocket.edit_person(f"U1{one.upper()}", name=one, real_name=one.title(), email=f"{one}@example.org")
    members = ["ada", *(f"U1{one.upper()}" for one in people)]
    await office.pocket.post("channel", name="crowd", members=[*members, "U0POSTROOM"])
    assert "Nothing has changed yet" in await ask(office, "ada", "add team #crowd")
    await card(office, "*#crowd* would change")
    await office.pocket.click("ada", Action.PROPOSAL_APPLY)
    await card(office, "was applied")
    assert len(await contacts(office, group)) == 13


async def test_until_a_day_is_said_extended_and_shown(office: Office, group: Group) -> None:
    assert group.id is not None
    assert re.search(r"Until .* included", await ask(office, "ada", "add team @linus until 2 months"))
    assert "contacts only" in await ask(office, "ada", "add team @linus as moderator until 2 months")
    assert "not a day" in await ask(office, "ada", "add team @linus until soon")
    assert "included" not in await ask(office, "ada", "add team @linus until none")
    await office.pocket.command("ada", "#general", "/group members team linus")
    view = await office.pocket.wait_modal("ada", contains="Contact until")
    assert "Since" in office.pocket.text(view)
    (row,) = (await contacts(office, group)).values()
    await office.pocket.click("ada", Action.MEMBERS_CHOOSE, value=f"limit:{row.id}")
    await office.pocket.wait_modal("ada", contains="Last day as contact")
    day = (office.database.clock() + timedelta(days=3)).date()
    await office.pocket.fill("ada", {"until": day.isoformat()})
    assert (await office.pocket.submit("ada"))["ok"]
    await office.pocket.wait_modal("ada", contains="The last day is set")
    await office.pocket.close("ada", everything=True)
    async with office.database.writing() as tx:
        (row,) = (await contacts(office, group)).values()
        assert row.id is not None
        kept = await tx.get_one(Membership, row.id)
        kept.created_at -= timedelta(days=30)
    async with office.database.writing() as tx:
        assert await endings.remind(tx, row.id, 7)
    await office.pocket.wait_message("linus", "dm", "You get mail from")
    await card(office, "is a contact of")
    await office.pocket.click("ada", Action.ENDING_EXTEND)
    await card(office, "Extended by <@U0ADA>")
    (after,) = (await contacts(office, group)).values()
    assert row.until is not None
    assert after.until == endings.later(row.until, 3)
    assert "until" in await ask(office, "linus", "show team")


async def test_the_form_adds_people_addresses_and_a_last_day(office: Office, group: Group) -> None:
    await office.pocket.command("ada", "#general", "/group members team")
    await office.pocket.wait_modal("ada", contains="Members")
    await office.pocket.click("ada", Action.MEMBERS_ADD)
    await office.pocket.wait_modal("ada", contains="Everybody in a channel")
    assert "people" in (await office.pocket.submit("ada"))["errors"]
    day = (office.database.clock() + timedelta(days=90)).date().isoformat()
    await office.pocket.fill("ada", {"people": ["U0LINUS"], "outside": "Jo Doe <jo@x.example>", "until": day})
    assert (await office.pocket.submit("ada"))["ok"]
    await office.pocket.wait_modal("ada", contains="2 added")
    assert all(row.until for row in (await contacts(office, group)).values())
