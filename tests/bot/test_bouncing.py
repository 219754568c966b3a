"""A contact whose mail comes back, in a (pocket) workspace: told once, and one click away from each way out."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from bot.acts import members as acts
from bot.views import members as views
from bot.views import reports
from bot.views.ids import Action
from store import bouncing, incidents, memberships
from store.roster import Entry
from store.schema.group import Group
from store.schema.membership import Membership
from store.schema.request import Request
from store.terms import Address, BounceReason, BounceScore, DeliveryState, Receiving, RequestState
from tests.bot.conftest import SYSTEM, Office


async def suspended(office: Office, group: Group, address: str = "linus@example.org") -> int:
    """The contact of this address, enrolled, whose probe came back; gives the incident."""
    assert group.id is not None
    async with office.database.writing() as tx:
        entries = [Entry(Address.parse(address), None, "")]
        await memberships.enrol(tx, group.id, entries, contact=True, actor=SYSTEM)
        row = await memberships.find(tx, group.id, key=address)
        assert row is not None
        found = await incidents.score(tx, row, BounceScore(0, tx.now.date()), BounceReason.MAILBOX_FULL)
        await bouncing.suspend(tx, found, BounceReason.MAILBOX_FULL, tx.now + timedelta(days=21))
    assert found.id is not None
    await office.quiet()
    return found.id


async def rows(office: Office, group: Group) -> dict[str, Membership]:
    async with office.database.reading() as tx:
        found = await tx.exec(select(Membership).where(col(Membership.group_id) == group.id, col(Membership.contact)))
        return {row.key or "": row for row in found.all()}


@pytest.fixture
async def group(office: Office) -> Group:
    await office.person("linus")
    return await office.group()


async def told(office: Office, person: str, contains: str) -> dict[str, Any]:
    return await office.pocket.wait_message(person, "dm", contains)


async def test_the_contact_and_the_administrators_are_told_in_words(office: Office, group: Group) -> None:
    await suspended(office, group)
    mine = await told(office, "linus", f"Mail of *{group.address}* to your address")
    assert "The mailbox is full." in str(mine["blocks"])
    assert [block["type"] for block in mine["blocks"]] == ["section", "section", "context", "actions"]
    theirs = await told(office, "ada", "came back again and again")
    assert "linus@example.org" in office.pocket.text(theirs)
    assert not any(block["type"] == "actions" for block in theirs["blocks"])


async def test_resume_lets_copies_go_out_and_says_so_everywhere(office: Office, group: Group) -> None:
    await suspended(office, group)
    await told(office, "linus", "comes back")
    assert (await office.pocket.click("linus", Action.BOUNCING_RESUME))["ok"]
    for person in ("linus", "ada"):
        redrawn = await told(office, person, "again.")
        assert not any(block["type"] == "actions" for block in redrawn["blocks"])
    assert (await rows(office, group))["linus@example.org"].receiving is Receiving.ON


async def test_leave(office: Office, group: Group) -> None:
    await suspended(office, group)
    message = await told(office, "linus", "comes back")
    asked = {button["text"]["text"]: "confirm" in button for button in message["blocks"][-1]["elements"]}
    assert asked == {"Resume": False, "Change address": False, "Leave": True}
    await office.pocket.click("linus", Action.BOUNCING_LEAVE)
    await told(office, "linus", "no longer goes to")
    assert await rows(office, group) == {}


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("not an address", "is not a mail address"),
        ("linus@old.example", "was going to linus@old.example already"),
        ("team@groups.example.org", "is the group itself"),
    ],
)
async def test_an_address_that_will_not_do_is_refused_in_the_form(
    office: Office, group: Group, typed: str, says: str
) -> None:
    await _elsewhere(office, group)
    await office.pocket.click("linus", Action.BOUNCING_ADDRESS)
    await office.pocket.wait_modal("linus", contains="instead of")
    await office.pocket.fill("linus", {"address": typed})
    answer = await office.pocket.submit("linus")
    assert says in str(answer)
    assert (await rows(office, group))["linus@old.example"].receiving is Receiving.BOUNCING


async def test_the_profiles_own_address_is_taken_at_once(office: Office, group: Group) -> None:
    await _elsewhere(office, group)
    await office.pocket.click("linus", Action.BOUNCING_ADDRESS)
    await office.pocket.wait_modal("linus", contains="instead of")
    await office.pocket.fill("linus", {"address": "linus@example.org"})
    await office.pocket.submit("linus")
    await office.pocket.wait_modal("linus", contains="from now on")
    found = await rows(office, group)
    assert list(found) == ["linus@example.org"]
    assert found["linus@example.org"].receiving is Receiving.ON
    await told(office, "linus", "no longer goes to")


async def test_any_other_address_is_looked_at_first(office: Office, group: Group) -> None:
    await suspended(office, group)
    await told(office, "linus", "comes back")
    await office.pocket.click("linus", Action.BOUNCING_ADDRESS)
    await office.pocket.wait_modal("linus", contains="instead of")
    await office.pocket.fill("linus", {"address": "victim@example.net"})
    await office.pocket.submit("linus")
    await office.pocket.wait_modal("linus", contains="were asked to let its mail go to")
    assert list(await rows(office, group)) == ["linus@example.org"]
    async with office.database.reading() as tx:
        asked = (await tx.exec(select(Request.address, Request.state))).all()
    assert list(asked) == [("victim@example.net", RequestState.PENDING)]
    await told(office, "grace", "asks to join")
    await office.pocket.click("grace", Action.REQUEST_APPROVE)
    await told(office, "linus", "no longer goes to linus@example.org")
    (row,) = (await rows(office, group)).values()
    assert (row.key, row.receiving, row.person_id) == (
        "victim@example.net", Receiving.ON, (await office.person("linus")).id,
    )  # fmt: skip


async def test_only_the_contact_may_and_only_while_copies_are_stopped(office: Office, group: Group) -> None:
    incident_id = await suspended(office, group)
    ada, linus = await office.person("ada"), await office.person("linus")
    membership_id = (await rows(office, group))["linus@example.org"].id
    assert membership_id is not None
    async with office.database.writing() as tx:
        assert await bouncing.theirs(tx, incident_id, ada) is None
        assert await bouncing.theirs(tx, incident_id, linus) is not None
        await incidents.end(tx, [membership_id], incidents.REMOVED)
        assert await bouncing.theirs(tx, incident_id, linus) is None
    await told(office, "linus", "was taken off the group")
    await told(office, "ada", "was taken off the group")


async def test_the_roster_says_why(office: Office, group: Group) -> None:
    await suspended(office, group)
    async with office.database.reading() as tx:
        page = await acts._page(tx, group, "linus", 1)
    assert "since mail came back. The mailbox is full." in views.line("en", page.members[0])


def test_a_failed_copy_says_why_before_what_the_hop_said() -> None:
    row = reports.Failure("a@b.example", DeliveryState.BOUNCED, "552 5.2.2 x", None, None, BounceReason.MAILBOX_FULL)
    head, why, *said = reports.failure("en", row).splitlines()
    assert "came back" in head
    assert why == "The mailbox is full."
    assert "552 5.2.2 x" in "".join(said)


async def _elsewhere(office: Office, group: Group) -> None:
    """Linus receives at an address that is not his profile's."""
    assert group.id is not None
    linus = await office.person("linus")
    async with office.database.writing() as tx:
        entry = Entry(Address.parse("linus@old.example"), linus.id, "Linus")
        await memberships.enrol(tx, group.id, [entry], contact=True, actor=SYSTEM)
    await suspended(office, group, "linus@old.example")
    await told(office, "linus", "comes back")
