"""Why? on a report and on a held card, in a real (pocket) workspace."""

from __future__ import annotations

import pytest

from bot.views.ids import Action
from store import expansion, posts
from store.posts import NewMessage, Submission
from store.schema.group import Group
from store.terms import Action as Decided
from store.terms import Decision, Reason, Standing
from tests.bot.conftest import Office


async def bring(office: Office, group: Group, decision: Decision) -> int:
    """A post to the group, decided so and expanded."""
    assert group.id is not None
    message = NewMessage(b"x", "p1", author="eve@else.example", subject="Lunch")
    async with office.database.writing() as tx:
        made = await posts.submit(tx, message, [Submission(group.id, Standing.STRANGER, decision, "f")])
    post_id = made.posts[0].id
    assert post_id is not None
    await office.database.bulk(lambda bulk: expansion.expand(bulk, post_id, by_domain=False))
    return post_id


@pytest.mark.parametrize("form", [{"person": "U0LINUS"}, {"address": "linus@example.org"}])
async def test_the_button_of_a_report_asks_of_whom(office: Office, form: dict[str, str]) -> None:
    group = await office.group(report_channel="C0REPORTS")
    async with office.database.writing() as tx:
        await office.enrol(tx, group, "linus@example.org")
    await bring(office, group, Decision(Decided.ACCEPT))
    await office.pocket.wait_message("ada", "#reports", "a post to")
    await office.pocket.click("ada", Action.REPORT_WHY, channel="#reports")
    await office.pocket.wait_modal("ada", contains="Of whom do you want to know")
    for typed, word in (({}, "Pick a person"), ({"address": "x@"}, "x@")):
        await office.pocket.fill("ada", typed)
        assert word in str((await office.pocket.submit("ada"))["errors"])
    await office.pocket.fill("ada", {"address": ""} | form)
    assert (await office.pocket.submit("ada"))["ok"]
    await office.pocket.wait_modal("ada", contains="A copy waits for its turn")


async def test_who_is_no_administrator_is_told_of_themselves(office: Office) -> None:
    group = await office.group(report_channel="C0REPORTS")
    await bring(office, group, Decision(Decided.ACCEPT))
    await office.pocket.wait_message("ada", "#reports", "a post to")
    await office.pocket.join("margaret", "#reports")
    await office.pocket.click("margaret", Action.REPORT_WHY, channel="#reports")
    told = await office.pocket.wait_message("margaret", "#reports", "Now: not in the group")
    assert told["ephemeral"]


async def test_the_button_of_a_card_shows_every_rule_that_was_asked(office: Office) -> None:
    group = await office.group()
    reasons = (Reason("non_member", {"author": "eve@else.example", "group": group.address}),)
    trail = (("in_charge", False), ("stranger_held", True), ("a rule of <tomorrow>", False))
    await bring(office, group, Decision(Decided.HOLD, reasons, trail))
    await office.pocket.wait_message("grace", "dm", "waits for a decision")
    await office.pocket.click("grace", Action.POST_WHY)
    shown = office.pocket.text(await office.pocket.wait_modal("grace", contains="What was asked, in this order"))
    assert "eve@else.example is not a member" in shown
    assert "Is its author proven to be an administrator or a moderator? No." in shown
    assert "of a group where such posts are held? *Yes.*" in shown
    assert "a rule of &lt;tomorrow&gt; No." in shown
