"""Every command as people type it, and what they are told, over real sockets."""

from __future__ import annotations

from typing import Any

import pytest

from store import groups, memberships, persons, requests
from store.schema.group import Group
from store.schema.membership import Membership
from store.terms import Receiving
from tests.bot.commands.conftest import ADA, DOMAIN, GIL, GRACE, LINUS, MARGARET, NOOR, Office

TEAM = f"team@{DOMAIN}"


async def group_of(office: Office) -> Group:
    async with office.database.reading() as tx:
        group = await groups.find(tx, TEAM)
    assert group is not None
    return group


async def place_of(office: Office, slack_id: str) -> Membership | None:
    async with office.database.reading() as tx:
        person = await persons.by_slack(tx, slack_id)
        group = await groups.find(tx, TEAM)
        assert person is not None
        assert group is not None
        return await memberships.find(tx, group.id, person_id=person.id)


# ---------------------------------------------------------------- help and what cannot be read


async def test_help_for_all_and_for_one(office: Office) -> None:
    for text in ("", "help", "HELP"):
        told = await office.ask(LINUS, text)
        assert "/group join ADDRESS [NOTE]" in told
        assert "/group create" not in told
    assert "/group create [ADDRESS]" in await office.ask(ADA, "help")
    assert "as moderator" in await office.ask(LINUS, "help add")
    assert "Did you mean /group add?" in await office.ask(LINUS, "help ad")


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("crate", "Did you mean /group create?"),
        ("xyzzy", "/group help shows all there are"),
        ("<!channel>", "no command"),
        ("join", "Say which group"),
        ("show team now", "I do not know what to do with “now”"),
        ("add team", "Usage: `/group add ADDRESS PEOPLE [as ROLE]`"),
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


# ---------------------------------------------------------------- directory


async def test_the_directory_is_paged_searched_and_hides(office: Office) -> None:
    assert "no groups yet" in await office.ask(LINUS, "list")
    await office.create()
    await office.create("secret", display_name="Secret", hidden=["yes"], report_channel="C0MODERATORS", by=GRACE)
    assert "Secret" not in await office.ask(LINUS, "list")
    assert "Secret" in await office.ask(GRACE, "list")
    assert "There is no group secret" in await office.ask(LINUS, "show secret")
    assert "There is no group secret" in await office.ask(LINUS, "join secret")
    assert "There is no group secret" in await office.ask(LINUS, "settings secret")
    assert "The team" in await office.ask(LINUS, "list TEAM")
    assert "No group matches zz" in await office.ask(LINUS, "list zz")
    assert "No group matches" in await office.ask(LINUS, "list 7")


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
    assert "C0REPORTS" not in told
    assert "jo@example.com" not in told
    assert "<#C0REPORTS>" in await office.ask(ADA, f"show {TEAM.upper()}")


# ---------------------------------------------------------------- one's own place


async def test_join_open_moderated_closed_twice_and_pending(office: Office) -> None:
    await office.create()
    assert "You asked to join" in await office.ask(LINUS, "join team I work with <!here> & you")
    assert "is waiting for its moderators already" in await office.ask(LINUS, "join team")
    async with office.database.reading() as tx:
        group = await groups.find(tx, TEAM)
        assert group is not None
        assert group.id is not None
        (request,) = await requests.waiting_in(tx, [group.id])
    assert (request.address, request.kind) == ("linus@example.org", "join")
    await office.ask(ADA, "settings team subscription open")
    assert "reaches you at margaret@example.org" in await office.ask(MARGARET, "join team")
    assert "receive the mail of" in await office.ask(MARGARET, "join team")
    await office.ask(ADA, "settings team subscription closed")
    assert "Ask Ada Byron" in await office.ask(GRACE, "join team")
    assert "no e-mail address for you" in await office.ask(NOOR, "join team")
    assert await place_of(office, GRACE) is None


async def test_leaving_and_its_policies(office: Office) -> None:
    await office.create(people={"contacts": [LINUS, MARGARET, GRACE]})
    assert "You left" in await office.ask(LINUS, "leave team")
    assert await place_of(office, LINUS) is None
    assert "not on the roster" in await office.ask(LINUS, "leave team")
    await office.ask(ADA, "settings team leave moderated")
    assert "asked to take you off" in await office.ask(MARGARET, "leave team")
    await office.ask(ADA, "settings team leave closed")
    assert "Only its administrators can take you off" in await office.ask(GRACE, "leave team")
    for one in (MARGARET, GRACE):
        place = await place_of(office, one)
        assert place is not None
        assert place.receiving is Receiving.STOPPED


async def test_the_last_administrator_stays(office: Office) -> None:
    await office.create()
    assert "Make another person administrator first" in await office.ask(ADA, "leave team")
    assert "Make another person administrator first" in await office.ask(ADA, "remove team @ada")
    assert "Make another person administrator first" in await office.ask(ADA, "remove team @ada as administrator")
    place = await place_of(office, ADA)
    assert place is not None
    assert place.administrator


async def test_pause_and_resume(office: Office) -> None:
    await office.create(people={"contacts": [LINUS]})
    assert "until you resume" in await office.ask(LINUS, "pause team")
    assert "until" in await office.ask(LINUS, "pause team 2 weeks")
    place = await place_of(office, LINUS)
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


# ---------------------------------------------------------------- a group's people


async def test_add_and_remove_with_roles(office: Office) -> None:
    await office.create()
    told = await office.ask(ADA, "add team @linus @margaret Jo Doe <jo@example.com>, jo@example.com")
    assert "3 added" in told
    assert "already" in await office.ask(ADA, "add team @linus")
    assert "as moderator" in await office.ask(ADA, "add team @linus as moderator")
    assert "belongs to nobody in Slack" in await office.ask(ADA, "add team x@example.com as administrator")
    assert "Noor Haddad" in await office.ask(ADA, "add team @noor")
    assert "as administrator" in await office.ask(ADA, "add team @noor as administrator")
    place = await place_of(office, LINUS)
    assert place is not None
    assert (place.contact, place.moderator) == (True, True)
    assert "No longer contact" in await office.ask(ADA, "remove team @linus as contact")
    place = await place_of(office, LINUS)
    assert place is not None
    assert (place.contact, place.moderator) == (False, True)
    told = await office.ask(ADA, "remove team jo@example.com @grace")
    assert "Removed from" in told
    assert f"Not in the group: <@{GRACE}>" in told
    assert "Only administrators" in await office.ask(LINUS, "add team @grace")
    assert "Only administrators" in await office.ask(LINUS, "remove team @ada")
    assert "Only administrators" in await office.ask(GIL, "members team")


async def test_operators_act_on_any_group_and_the_audit_says_so(office: Office) -> None:
    await office.create()
    assert "as moderator" in await office.ask(GRACE, "add team @linus as moderator")
    place = await place_of(office, LINUS)
    assert place is not None
    assert place.moderator


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
    assert (await office.pocket.submit(ADA))["ok"]
    view = await office.pocket.wait_modal(ADA, contains="linus@example.org")
    assert "person" not in office.pocket.text(view)
    place = await place_of(office, LINUS)
    assert place is not None
    await office.pocket.click(ADA, "members.choose", value=f"make_moderator:{place.id}")
    await office.pocket.wait_modal(ADA, contains="is a moderator now")
    await office.pocket.click(ADA, "members.choose", value=f"pause:{place.id}")
    await office.pocket.wait_modal(ADA, contains="Delivery paused")
    await office.pocket.click(ADA, "members.choose", value=f"remove:{place.id}")
    await office.pocket.wait_modal(ADA, contains="was removed")
    assert await place_of(office, LINUS) is None


async def test_a_menu_whose_right_is_gone_does_nothing(office: Office) -> None:
    await office.create(people={"administrators": [ADA, LINUS], "contacts": [MARGARET]})
    await office.form(LINUS, "members team margaret", contains="margaret@")
    assert "No longer administrator" in await office.ask(ADA, "remove team @linus as administrator")
    place = await place_of(office, MARGARET)
    assert place is not None
    await office.pocket.click(LINUS, "members.choose", value=f"remove:{place.id}")
    await office.pocket.wait_modal(LINUS, contains="Only administrators")
    assert await place_of(office, MARGARET) is not None


# ---------------------------------------------------------------- settings by text


@pytest.mark.parametrize(
    ("text", "told", "name", "value"),
    [
        ("max_send_size 10MB", "10 MB", "max_send_size", 10 * 2**20),
        ("max-send-size none", "server's limit", "max_send_size", None),
        ("hidden yes", "hidden", "hidden", None),
        ("display_name All of “us”", "All of “us”", "display_name", "All of “us”"),
        ("mode paused", "Paused", "mode", "paused"),
        ("language fr", "French", "language", "fr"),
        ("moderation_channel #moderators", "<#C0MODERATORS>", "moderation_channel", "C0MODERATORS"),
        ("report_channel none", "nowhere", "report_channel", None),
        ("subscription", "Moderated", "subscription", "moderated"),
        ("max_receive_size huge", "is not a size", "max_receive_size", None),
        ("subscription opn", "Did you mean open?", "subscription", "moderated"),
        ("subscription zzz", "open, moderated, closed", "subscription", "moderated"),
        ("hidden perhaps", "neither yes nor no", "hidden", False),
        ("subscripton open", "Did you mean subscription?", "subscription", "moderated"),
        ("colour red", "The settings are", "subscription", "moderated"),
        ("report_channel general", "is not a channel", "report_channel", "C0REPORTS"),
        ("report_channel #random", "Invite me there", "report_channel", "C0REPORTS"),
        ('display_name ""', "needs a name", "display_name", "The team"),
    ],
)
async def test_settings_by_text(office: Office, text: str, told: str, name: str, value: Any) -> None:
    await office.create()
    assert told in await office.ask(ADA, f"settings team {text}")
    if text == "hidden yes":  # its reports go to a public channel: refused
        value = False
    assert getattr(await group_of(office), name) == value


# ---------------------------------------------------------------- pending and deletion


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
    place = await place_of(office, LINUS)
    assert place is not None
    assert place.contact


async def test_deletion_wants_the_address_typed(office: Office) -> None:
    await office.create(people={"contacts": [LINUS]})
    assert "Only administrators" in await office.ask(LINUS, "delete team")
    await office.form(ADA, "delete team", contains="its 1 contact is let go")
    await office.pocket.fill(ADA, {"confirm": "team"})
    assert TEAM in (await office.pocket.submit(ADA))["errors"]["confirm"]
    await office.pocket.fill(ADA, {"confirm": TEAM.upper()})
    assert (await office.pocket.submit(ADA))["ok"]
    await office.pocket.wait_modal(ADA, contains="is deleted")
    assert "There is no group team" in await office.ask(ADA, "show team")


async def test_a_button_of_a_deleted_group_says_so(office: Office) -> None:
    await office.create()
    await office.ask(LINUS, "list")
    async with office.database.writing() as tx:
        group = await groups.find(tx, TEAM)
        ada = await persons.by_slack(tx, ADA)
        assert group is not None
        assert group.id is not None
        assert ada is not None
        await groups.delete(tx, group.id, persons.actor(ada))
    await office.pocket.click(LINUS, "group.join", channel="#general")
    await office.pocket.wait_message(LINUS, "#general", "no longer exists")


async def test_texts_come_in_the_persons_language_or_english(office: Office) -> None:
    assert "Usage" in await office.ask("U0EDSGER", "join")
