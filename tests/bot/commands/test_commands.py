"""Every command as people type it, and what they are told, over real sockets."""

from __future__ import annotations

import pytest

from store import ending, groups, memberships, persons
from tests.bot.commands.conftest import ADA, BOTH, DOMAIN, GRACE, LINUS, MARGARET, TEAM, Office
from tests.store.named import named


async def test_help_for_all_and_for_one(office: Office) -> None:
    for text in ("", "help", "HELP"):
        told = await office.ask(LINUS, text)
        assert "/group join ADDRESS [at ADDRESS] [NOTE]" in told
        assert "/group create" not in told
    assert "/group create [ADDRESS]" in await office.ask(ADA, "help")
    assert "as moderator" in await office.ask(LINUS, "help add")
    assert await office.ask(LINUS, "aide exclure") == await office.ask(LINUS, "help ban")
    assert "Did you mean /group add?" in await office.ask(LINUS, "help ad")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("crate", "Did you mean /group create?"),
        ("xyzzy", "/group help shows all there are"),
        ("<!channel>", "no command"),
        ("join", "Say which group"),
        ("show team now", "I do not know what to do with “now”"),
        ("add team", "Usage: `/group add ADDRESS PEOPLE [as ROLE] [until DATE]`"),
        ("show nosuch", "There is no group nosuch"),
        ("show *<!here>*", "There is no group"),
        ("pause team someday", "“someday” is not a day"),
        ("join " + "x" * 60_000, "60,005 characters"),
    ],
)
async def test_bad_input_is_answered(office: Office, text: str, word: str) -> None:
    told = await office.ask(LINUS, text)
    assert word in told
    assert "<!" not in told


async def test_the_directory_is_paged_searched_and_hides(office: Office) -> None:
    assert "no groups yet" in await office.ask(LINUS, "list")
    await office.create()
    await office.create("secret", display_name="Secret", hidden=["yes"], report_channel="C0MODERATORS", by=GRACE)
    assert "Secret" not in await office.ask(LINUS, "list")
    assert "Secret" in await office.ask(GRACE, "list")
    assert "There is no group secret" in await office.ask(LINUS, "show secret")
    assert "There is no group secret" in await office.ask(LINUS, "join secret")
    assert "There is no group secret" in await office.ask(LINUS, "settings secret")
    for text in ("TEAM", "the téam", "Groups.Example"):
        assert "The team" in await office.ask(LINUS, f"list {text}")
    assert "No group matches zz" in await office.ask(LINUS, "list zz")
    assert "There are no more groups" in await office.ask(LINUS, "list 7")
    assert "No group matches zz" in await office.ask(LINUS, "list zz page 2")


@BOTH
async def test_a_part_before_the_at_that_several_groups_have_is_asked_about(office: Office) -> None:
    await office.create()
    await office.create("team@example.net", display_name="Other", hidden=["yes"], report_channel="C0MODERATORS")
    assert "The team" in await office.ask(LINUS, "show team")  # of the hidden one he learns nothing
    told = await office.ask(ADA, "show team")
    assert f"Give the whole address of one: {TEAM}, team@example.net" in told
    told = await office.ask(ADA, f"show {TEAM}")
    assert "The team" in told
    assert "Guests" not in told  # of nothing that it follows


@BOTH
async def test_the_directory_turns_its_pages_in_place(office: Office) -> None:
    async with office.database.writing() as tx:
        ada = await persons.by_slack(tx, ADA)
        assert ada is not None
        for n in range(25):
            new = groups.NewGroup(
                address=f"g{n:02}@{DOMAIN}",
                display_name=f"Group {n:02}",
                administrators=(memberships.Entry(None, ada.id),),
            )
            await groups.create(tx, new, office.services.served, persons.actor(ada))
    told = await office.ask(LINUS, "list group")
    assert "Group 19" in told
    assert "Group 20" not in told
    await office.pocket.click(LINUS, "directory.page#2", channel="#general")
    message = await office.pocket.wait_message(LINUS, "#general", "Group 24")
    assert "Group 19" not in office.pocket.text(message)
    assert len([m for m in await office.pocket.messages(LINUS, "#general") if "Group" in office.pocket.text(m)]) == 1


async def test_show_tells_others_less_than_administrators(office: Office) -> None:
    await office.create(people={"contacts": [LINUS], "outside": "jo@example.com"})
    told = await office.ask(MARGARET, "show team")
    assert "2 contacts, 2 receiving" in told
    assert f"Administrators: <@{ADA}>" in told
    assert "*Joining*" in told
    assert f"joins by a mail to {TEAM.replace('@', '-join@')}; one to {TEAM.replace('@', '-help@')} is" in told
    assert "C0REPORTS" not in told
    assert "jo@example.com" not in told
    assert "<#C0REPORTS>" in await office.ask(ADA, f"show {TEAM.upper()}")


async def test_pending_shows_what_waits_with_its_buttons(office: Office) -> None:
    await office.create()
    assert "Nothing waits for you" in await office.ask(ADA, "pending")
    await office.ask(LINUS, "join team")
    assert "asks to join" in await office.ask(ADA, "pending")
    assert "Nothing waits for you" in await office.ask(LINUS, "pending")
    await office.pocket.click(ADA, "request.approve", channel="#general")

    async def redrawn() -> bool:
        messages = await office.pocket.messages(ADA, "#general")
        return not any("asks to join" in office.pocket.text(message) for message in messages)

    await office.pocket.wait_for(redrawn, what="the answer that listed it to be redrawn")
    place = await office.place(LINUS)
    assert place is not None
    assert place.contact


@BOTH
async def test_deletion_wants_the_address_typed(office: Office) -> None:
    await office.create(people={"contacts": [LINUS]})
    assert "Only administrators" in await office.ask(LINUS, "delete team")
    await office.form(ADA, "delete team", contains="its 1 contact is let go")
    await office.pocket.fill(ADA, {"confirm": "team"})
    assert TEAM in (await office.submit(ADA))["errors"]["confirm"]
    await office.pocket.fill(ADA, {"confirm": TEAM.upper()})
    assert (await office.submit(ADA))["ok"]
    await office.pocket.wait_modal(ADA, contains="is deleted")
    assert "There is no group team" in await office.ask(ADA, "show team")


async def test_a_button_of_a_deleted_group_says_so(office: Office) -> None:
    await office.create()
    await office.ask(LINUS, "list")
    async with office.database.writing() as tx:
        group = await named(tx, TEAM)
        ada = await persons.by_slack(tx, ADA)
        assert group is not None
        assert group.id is not None
        assert ada is not None
        await ending.delete(tx, group.id, persons.actor(ada))
    await office.pocket.click(LINUS, "group.join", channel="#general")
    await office.pocket.wait_message(LINUS, "#general", "no longer exists")


async def test_texts_come_in_the_persons_language_or_english(office: Office) -> None:
    assert "Syntaxe\u00a0:" in await office.ask("U0EDSGER", "join")
    assert "Usage" in await office.ask(LINUS, "join")
