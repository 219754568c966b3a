"""Stopping a group by command and by button, its addresses, and who may: as people type it, over real sockets."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from store import memberships
from store.schema.hold import Hold
from store.schema.notice import Notice
from store.terms import Actor, Address, NoticeKind
from tests.bot.commands.conftest import ADA, DOMAIN, GRACE, LINUS, TEAM, Office
from tests.bot.commands.test_pending import hold as hold_post

SYSTEM = Actor("system")


async def receive(office: Office, *keys: str) -> None:
    """Contacts of the team."""
    group = await office.group()
    assert group is not None
    assert group.id is not None
    entries = [memberships.Entry(Address.parse(key)) for key in keys]
    async with office.database.writing() as tx:
        await memberships.enrol(tx, group.id, entries, contact=True, actor=SYSTEM)


async def test_a_hold_says_who_and_why_and_ends_with_a_word(office: Office) -> None:
    await office.create(people={"moderators": [LINUS]})
    told = await office.ask(LINUS, "hold team Somebody's account was *stolen* <!channel>")
    assert f"{TEAM}* is on hold. `/group unhold {TEAM}`" in told
    shown = await office.ask(ADA, "show team")
    assert f"is on hold. <@{LINUS}> stopped it" in shown
    assert "Somebody's account was *stolen* &lt;!channel&gt;" in shown
    assert "On hold: nothing goes out" in shown
    assert "is on hold already" in await office.ask(ADA, "hold team")
    assert "goes on" in await office.ask(LINUS, "unhold team")
    assert "is not on hold" in await office.ask(ADA, "unhold team")
    assert "On hold" not in await office.ask(ADA, "show team")
    async with office.database.reading() as tx:
        told_of = (await tx.exec(select(Notice).where(col(Notice.kind) == NoticeKind.GROUP_HOLD))).one()
        assert told_of.version == 2  # drawn again when it was lifted


async def test_a_hold_by_button_asks_why(office: Office) -> None:
    await office.create()
    await office.ask(ADA, "show team")
    await office.pocket.click(ADA, "group.hold", channel="#general")
    await office.pocket.wait_modal(ADA, contains="Put on hold")
    await office.pocket.fill(ADA, {"reason": "x" * 290})
    assert (await office.submit(ADA))["ok"]
    await office.pocket.wait_modal(ADA, contains="is on hold")
    async with office.database.reading() as tx:
        assert (await tx.exec(select(Hold.reason))).one() == "x" * 290
    await office.pocket.close(ADA, everything=True)
    await office.ask(ADA, "show team")
    await office.pocket.click(ADA, "group.unhold", channel="#general")
    await office.pocket.wait_message(ADA, "#general", "goes on")


async def test_operators_hold_all_groups_and_say_which_they_mean(office: Office) -> None:
    await office.create()
    await office.create("all", by=GRACE)
    assert f"all@{DOMAIN} is a group. Write /group hold all@{DOMAIN}" in await office.ask(ADA, "hold all")
    assert "Only operators of Postroom can hold all groups" in await office.ask(LINUS, "hold everywhere")
    assert "2 more groups are on hold" in await office.ask(ADA, "hold everywhere A storm")
    assert "as all groups are" in await office.ask(GRACE, "show team")
    assert "takes mail now, and is on hold, as all groups are" in await office.create("late", by=GRACE)
    assert "as all groups are" in await office.ask(GRACE, "show late")
    await office.form(GRACE, "delete late", contains="For 30 days it can be restored")
    await office.pocket.fill(GRACE, {"confirm": f"late@{DOMAIN}"})
    await office.submit(GRACE)
    await office.pocket.wait_modal(GRACE, contains="is deleted")
    await office.pocket.close(GRACE, everything=True)
    assert "and on hold: what is posted waits" in await office.ask(GRACE, "restore late")
    assert "3 groups go on" in await office.ask(ADA, "unhold everywhere")


async def test_archive_and_back(office: Office) -> None:
    await office.create(subscription="open")
    await hold_post(office, "Plans")
    assert "1 posts wait for a decision" in await office.ask(ADA, "archive team")
    await office.ask(ADA, "pending")
    await office.pocket.click(ADA, "post.discard", channel="#general")
    await office.pocket.wait_for(lambda: archived(office), what="the group to be archived")
    assert "is archived already" in await office.ask(ADA, "archive team")
    assert "is archived: it takes no more mail" in await office.ask(LINUS, "join team")
    shown = await office.ask(LINUS, "show team")
    assert "Archived: takes no more mail" in shown
    assert "takes mail again" in await office.ask(ADA, "unarchive team")


async def archived(office: Office) -> bool:
    return "is archived and takes" in await office.ask(ADA, "archive team")


async def test_a_deleted_group_is_restored_by_whom_it_was_administered(office: Office) -> None:
    await office.create(people={"administrators": [ADA, LINUS]})
    await office.form(ADA, "delete team", contains="For 30 days it can be restored")
    await office.pocket.fill(ADA, {"confirm": TEAM})
    await office.submit(ADA)
    await office.pocket.wait_modal(ADA, contains="is deleted")
    await office.pocket.close(ADA, everything=True)
    assert "There is no group team" in await office.ask(LINUS, "show team")
    assert "was deleted and can be restored until" in await office.ask(ADA, "create team")
    assert "No deleted group" in await office.ask(ADA, "restore nothing")
    assert "Only administrators of" in await office.ask("U0MARGARET", "restore team")
    assert f"{TEAM}* is back" in await office.ask(LINUS, "restore team")
    assert "need not be restored" in await office.ask(LINUS, "restore team")
    assert await office.roster() == {ADA: "A", LINUS: "A"}


async def test_aliases_by_text(office: Office) -> None:
    await office.create()
    assert "has no aliases" in await office.ask(ADA, "alias team")
    assert f"Mail to crew@{DOMAIN} reaches" in await office.ask(ADA, "alias team add crew")
    assert f"is also reached at crew@{DOMAIN}" in await office.ask(ADA, "alias crew")
    assert "is an alias of" in await office.ask(ADA, f"alias team add crew@{DOMAIN}")
    assert "is an alias of" in await office.ask(ADA, "alias team crew")  # to name one is to add it
    assert "Say which alias" in await office.ask(ADA, "alias team add")
    assert "is not a domain served here" in await office.ask(ADA, "alias team add crew@else.example")
    assert "Only administrators of" in await office.ask(LINUS, "alias team remove crew")
    assert f"crew@{DOMAIN} leads to" in await office.ask(ADA, "alias team remove crew")
    assert "There is no group crew" in await office.ask(ADA, "show crew")


async def test_renaming_asks_for_the_old_address_once_somebody_receives(office: Office) -> None:
    await office.create()
    assert f"Mail to {TEAM} reaches it too" in await office.ask(ADA, "rename team crew")
    assert f"crew@{DOMAIN}" in await office.ask(ADA, "show team")
    group = await office.group(f"crew@{DOMAIN}")
    assert group is not None
    assert "is the group's address already" in await office.ask(ADA, "rename team crew")
    await receive(office, "c@x.example")
    await office.form(ADA, "rename team band", contains="which its 1 contact will see")
    await office.pocket.fill(ADA, {"confirm": TEAM})
    answer = await office.submit(ADA)
    assert f"Type crew@{DOMAIN} to confirm" in answer["errors"]["confirm"]
    await office.pocket.fill(ADA, {"confirm": f"crew@{DOMAIN}", "address": "x y"})
    answer = await office.submit(ADA)
    assert "cannot be a group's address" in answer["errors"]["address"]
    await office.pocket.fill(ADA, {"address": "band"})
    assert (await office.submit(ADA))["ok"]
    await office.pocket.wait_modal(ADA, contains=f"band@{DOMAIN}* is the group's address now")
    shown = await office.ask(ADA, "show crew")
    assert f"Last changed by <@{ADA}>" in shown
    assert f"Address: crew@{DOMAIN} → band@{DOMAIN}" in shown


@pytest.mark.parametrize("text", ["rename team", "alias team", "archive team", "unarchive team", "hold team"])
async def test_others_stop_and_rename_nothing(office: Office, text: str) -> None:
    await office.create()
    assert f"of {TEAM} can do this" in await office.ask(LINUS, text)
