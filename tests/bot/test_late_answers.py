"""Who answers a card or an alarm that somebody has answered is told whose answer counts, though their copy still has
its buttons: Slack takes no update meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.views.ids import Action, Field
from store import alarms, endings, lanes, memberships
from store.roster import Entry
from store.schema.group import Group
from store.terms import Action as Decided
from store.terms import Address, Decision, DeliveryState, Fault, Outcome, Reply, Stage
from tests.bot.conftest import SYSTEM, Office
from tests.bot.test_why import bring


@pytest.fixture
async def group(office: Office) -> Group:
    """Two administrators, so that cards have two copies."""
    group = await office.group()
    grace = await office.person("grace")
    async with office.database.writing() as tx:
        await memberships.enrol(tx, group.id or 0, [Entry(None, grace.id, "Grace")], administrator=True, actor=SYSTEM)
    return group


async def both_click(office: Office, contains: str, first: Action, late: Action) -> str:
    """Ada clicks, then Grace, whose copy could not be redrawn; gives what Grace is told, once both are redrawn."""
    copies = {who: await office.pocket.wait_message(who, "dm", contains) for who in ("ada", "grace")}
    await office.quiet()
    await office.pocket.control(outage="429", methods="chat.update", retry_after=1)
    await office.pocket.click("ada", first, channel="dm", ts=copies["ada"]["ts"])

    async def taken() -> bool:
        return any(p.shown < p.wanted for p in await office.placements())

    await office.until(taken)  # Slack has no part in who was first
    await office.pocket.click("grace", late, channel="dm", ts=copies["grace"]["ts"])
    told = await office.pocket.wait_message("grace", "dm", "Somebody was faster")
    await office.pocket.control(recover=True)
    await office.quiet()
    return office.pocket.text(told)


@pytest.mark.parametrize(
    ("first", "late", "told"),
    [
        (Action.ALARM_STOP, Action.ALARM_RETRY, "<@U0ADA> stopped them"),
        (Action.ALARM_RETRY, Action.ALARM_STOP, "<@U0ADA> had them tried again"),
    ],
)
async def test_an_alarm(office: Office, group: Group, first: Action, late: Action, told: str) -> None:
    async with office.database.writing() as tx:
        await office.enrol(tx, group, "jo@example.net")
    post_id = await bring(office, group, Decision(Decided.ACCEPT))
    lane_id = await office.database.bulk(lambda bulk: lanes.ensure(bulk, lanes.RELAY))
    refused = Outcome(DeliveryState.DEFERRED, Reply(554, "5.7.1", "no"), Stage.DOT, Fault.POST)
    await office.database.bulk(lambda bulk: alarms.stall(bulk, lane_id, post_id, refused))
    await office.pocket.wait_message("ada", "dm", "One copy waits")  # untried, and yet it waits
    assert told in await both_click(office, "It says", first, late)
    for who in ("ada", "grace"):
        card = office.pocket.text(await office.pocket.wait_message(who, "dm", "waited for a decision"))
        assert told in card
        assert "Retry" not in card


async def test_a_membership_that_comes_to_its_end(office: Office, group: Group) -> None:
    linus = await office.person("linus")
    async with office.database.writing() as tx:
        entries = [Entry(Address.parse("linus@example.org"), linus.id, "Linus")]
        await memberships.enrol(tx, group.id or 0, entries, contact=True, actor=SYSTEM)
        row = await memberships.find(tx, group.id or 0, person_id=linus.id)
        assert row is not None
        assert row.id is not None
        row.until = tx.now + timedelta(hours=1)
        tx.add(row)
        await tx.flush()
        assert await endings.remind(tx, row.id, 1)
    told = await both_click(office, "is a contact of", Action.ENDING_LET, Action.ENDING_EXTEND)
    assert "<@U0ADA> lets it end" in told
    async with office.database.writing() as tx:
        row = await tx.get_one(type(row), row.id)
        row.until = tx.now
        tx.add(row)
        await tx.flush()
        assert await endings.end(tx, row.id or 0)
    await office.pocket.wait_message("grace", "dm", "<@U0LINUS> is no contact of")


async def test_a_group_nobody_administers_is_told_to_the_operators(office: Office) -> None:
    group = await office.group()
    await office.pocket.edit_person("grace", admin=True)
    await office.pocket.edit_person("margaret", admin=True)
    await office.pocket.edit_person("ada", deactivated=True)
    copies = {who: await office.pocket.wait_message(who, "dm", "Nobody administers") for who in ("grace", "margaret")}
    for who, named in (("grace", "U0BARBARA"), ("margaret", "U0LINUS")):
        await office.pocket.click(who, Action.MATTER_ADMINISTRATOR, channel="dm", ts=copies[who]["ts"])
        await office.pocket.wait_modal(who, contains="Who administers")
        await office.pocket.fill(who, {Field.ADMINISTRATORS: [named]})
    for who in ("grace", "margaret"):
        assert (await office.pocket.submit(who))["ok"]
    await office.pocket.wait_modal("margaret", contains="Somebody was faster. <@U0GRACE> named an administrator of")
    await office.pocket.wait_message("margaret", "dm", "<@U0GRACE> named an administrator of")
    async with office.database.reading() as tx:
        found = [person.slack_id for person in await memberships.administrators(tx, group.id)]
    assert found == ["U0BARBARA"]
