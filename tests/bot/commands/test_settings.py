"""The settings of a group that exists: the wizard's steps again, filled in, and one by one by text."""

from __future__ import annotations

from typing import Any

import pytest

from store import memberships
from store.terms import Actor, Address
from tests.bot.commands.conftest import ADA, BOTH, GRACE, LINUS, MARGARET, NOOR, Office


@BOTH
async def test_settings_reopen_the_same_steps_filled_in(office: Office) -> None:
    await office.create(people={"contacts": [LINUS], "outside": "jo@example.com"})
    await office.form(ADA, "settings team", contains="Settings (1 of 3)")
    await office.pocket.fill(ADA, {"display_name": "The new team", "posting": "anyone"})
    assert (await office.more(ADA, {"mode": "paused"}))["ok"]
    await office.pocket.wait_modal(ADA, contains="Settings (1 of 3)")
    assert (await office.submit(ADA))["ok"]
    await office.pocket.fill(ADA, {"administrators": [GRACE], "contacts": [MARGARET], "outside": "al@example.com"})
    assert (await office.submit(ADA))["ok"]
    review = office.pocket.text(await office.pocket.wait_modal(ADA, contains="Settings (3 of 3)"))
    assert "*Display name*: The team → The new team" in review
    assert "*Mode*: Live → Paused: hold every post" in review
    assert "Largest" not in review
    assert (await office.submit(ADA))["ok"]
    group = await office.group()
    assert group is not None
    assert (group.display_name, group.posting, group.mode) == ("The new team", "anyone", "paused")
    assert await office.roster() == {GRACE: "A", MARGARET: "C", "al@example.com": "C"}


async def test_what_others_add_meanwhile_stays(office: Office) -> None:
    await office.create(people={"contacts": [LINUS]})
    await office.form(ADA, "settings team")
    assert (await office.submit(ADA))["ok"]
    await office.pocket.fill(ADA, {"contacts": [LINUS, MARGARET]})
    assert "added to" in await office.ask(GRACE, "add team jo@example.com @grace")
    for _ in range(2):
        assert (await office.submit(ADA))["ok"]
    assert await office.roster() == {ADA: "A", LINUS: "C", MARGARET: "C", GRACE: "C", "jo@example.com": "C"}


async def test_settings_changed_meanwhile_are_not_overwritten(office: Office) -> None:
    await office.create()
    await office.form(ADA, "settings team")
    await office.pocket.fill(ADA, {"display_name": "Mine"})
    for _ in range(2):
        assert (await office.submit(ADA))["ok"]
    assert "Theirs" in await office.ask(GRACE, "settings team display_name Theirs")
    await office.submit(ADA)
    told = office.pocket.text(await office.pocket.wait_modal(ADA, contains="While this form was open"))
    assert f"<@{GRACE}> changed Display name: The team → Theirs" in told
    assert "*Display name*: Theirs → Mine" in told
    group = await office.group()
    assert group is not None
    assert group.display_name == "Theirs"
    assert (await office.submit(ADA))["ok"]
    group = await office.group()
    assert group is not None
    assert group.display_name == "Mine"


async def test_no_administrator_is_replaced_by_somebody_gone(office: Office) -> None:
    await office.create(people={"administrators": [ADA]})
    await office.form(ADA, "settings team")
    assert (await office.submit(ADA))["ok"]
    await office.pocket.fill(ADA, {"administrators": [NOOR]})
    await office.submit(ADA)
    await office.pocket.edit_person(NOOR, deactivated=True)
    await office.services.directory.crawl()
    await office.submit(ADA)
    await office.pocket.wait_modal(ADA, contains="no longer in Slack: Noor Haddad")
    assert (await office.roster())[ADA] == "A"


async def test_settings_are_for_administrators(office: Office) -> None:
    await office.create()
    assert "Only administrators of team@" in await office.ask(LINUS, "settings team")
    assert await office.pocket.modal(LINUS) is None


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
        ("report_channel none", "Report channel: none", "report_channel", None),
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
        ("subject_tag Team", "Subject tag: Team", "subject_tag", "Team"),
        ("subject-tag [Équipe  Nord]", "Équipe Nord", "subject_tag", "Équipe Nord"),
        ("subject_tag none", "none: subjects stay", "subject_tag", None),
        ("subject_tag a [b] c", "without brackets", "subject_tag", None),
        (f"subject_tag {'x' * 31}", "has 31 characters and may have 30", "subject_tag", None),
        ("footer Be kind.\nAnd <happy>", "Be kind. ⏎ And &lt;happy&gt;", "footer", "Be kind.\nAnd <happy>"),
        ('footer ""', "Footer: none", "footer", None),
        (f"footer {'x ' * 300}", "may have 500", "footer", None),
        ("footer a" + "\nb" * 12, "has 13 lines and may have 12", "footer", None),
        ("reply_to group", "The group", "reply_to", "group"),
        ("bilan aucun", "Weekly digest: None", "digest", "none"),
        ("reply_to admin", "Did you mean administrators?", "reply_to", "author"),
    ],
)
async def test_settings_by_text(office: Office, text: str, told: str, name: str, value: Any) -> None:
    await office.create()
    assert told in await office.ask(ADA, f"settings team {text}")
    if text == "hidden yes":  # its reports go to a public channel: refused
        value = False
    assert getattr(await office.group(), name) == value


async def test_a_roster_too_large_for_the_form_is_left_alone(office: Office) -> None:
    await office.create()
    group = await office.group()
    assert group is not None
    assert group.id is not None
    entries = [memberships.Entry(Address(f"p{n}", "example.com")) for n in range(150)]
    async with office.database.writing() as tx:
        await memberships.enrol(tx, group.id, entries, contact=True, actor=Actor("system"))
    await office.form(ADA, "settings team")
    assert (await office.submit(ADA))["ok"]
    await office.pocket.wait_modal(ADA, contains="150 contacts, more than this form can show")
    await office.pocket.fill(ADA, {"moderators": [GRACE], "also_contacts": ["yes"]})
    for _ in range(2):
        assert (await office.submit(ADA))["ok"]
    roster = await office.roster()
    assert (roster[ADA], roster[GRACE]) == ("AC", "M")
    async with office.database.reading() as tx:
        assert (await memberships.counts(tx, group.id)).contacts == 151


async def test_back_from_the_last_step_and_nothing_changed(office: Office) -> None:
    await office.create(people={"contacts": [LINUS]})
    await office.form(ADA, "settings team")
    for _ in range(2):
        assert (await office.submit(ADA))["ok"]
    await office.pocket.wait_modal(ADA, contains="Nothing was changed")
    await office.pocket.click(ADA, "wizard.back")
    await office.pocket.wait_modal(ADA, contains="2 of 3")
    await office.pocket.click(ADA, "wizard.back")
    await office.pocket.wait_modal(ADA, contains="Settings of")
    for _ in range(3):
        assert (await office.submit(ADA))["ok"]
    group = await office.group()
    assert group is not None
    assert group.version == 1
    assert await office.roster() == {ADA: "A", LINUS: "C"}


async def test_people_gone_from_slack_stay_out_of_the_pickers_and_in_the_group(office: Office) -> None:
    await office.create(people={"administrators": [ADA, GRACE], "contacts": [LINUS]})
    for one in (GRACE, LINUS):
        await office.pocket.edit_person(one, deactivated=True)
    await office.services.directory.crawl()
    await office.form(ADA, "settings team")
    for _ in range(2):
        assert (await office.submit(ADA))["ok"]
    await office.pocket.wait_modal(ADA, contains="Nothing was changed")
    assert (await office.submit(ADA))["ok"]
    assert await office.roster() == {ADA: "A", GRACE: "A", LINUS: "C"}


@BOTH
async def test_what_mail_of_the_group_carries_is_set_in_the_form_and_shown(office: Office) -> None:
    await office.create()
    await office.form(ADA, "settings team")
    footer = "Be kind – please.\n\n<!channel> *not* for you & me"
    wanted = {"subject_tag": "[Team]", "footer": footer, "reply_to": "administrators", "over_send_size": "trim"}
    wanted["digest"] = "none"
    assert (await office.more(ADA, wanted))["ok"]
    for _ in range(2):
        assert (await office.submit(ADA))["ok"]
    review = office.pocket.text(await office.pocket.wait_modal(ADA, contains="Settings (3 of 3)"))
    assert "*Subject tag*: none: subjects stay as they are → Team" in review
    assert "*Footer*: none → Be kind – please. ⏎ ⏎ &lt;!channel&gt; ∗not∗ for you &amp; me" in review
    assert (await office.submit(ADA))["ok"]
    group = await office.group()
    assert group is not None
    assert (group.subject_tag, group.footer, group.reply_to) == ("Team", footer, "administrators")
    assert group.digest == "none"
    shown = await office.ask(ADA, "show team")
    assert "*Subject tag*\nTeam" in shown
    assert "*Replies go to*\nThe people in charge of the group" in shown
    # People who do not administer it need not know.
    assert "Subject tag" not in await office.ask(LINUS, "show team")
    # And away again, all of it.
    await office.pocket.close(ADA, everything=True)
    await office.form(ADA, "settings team", contains="Settings (1 of 3)")
    assert (await office.more(ADA, {"subject_tag": "", "footer": "", "reply_to": "author"}))["ok"]
    for _ in range(3):
        assert (await office.submit(ADA))["ok"]
    group = await office.group()
    assert group is not None
    assert (group.subject_tag, group.footer, group.reply_to) == (None, None, "author")


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("subject_tag", "two ] lines", "without brackets"),
        ("subject_tag", "a\u202eb", "without brackets"),
        ("subject_tag", "x" * 60, "may have 30"),
        ("footer", "x" * 501, "may have 500"),
        ("footer", "\n".join("abcdefghijklm"), "may have 12"),
        ("footer", "seen\u200bunseen", "U+200B"),
    ],
)
async def test_words_that_no_mail_can_carry_are_told_at_their_field(
    office: Office, field: str, typed: str, said: str
) -> None:
    await office.create()
    await office.form(ADA, "settings team")
    answer = await office.more(ADA, {field: typed})
    assert said in answer["errors"][field]
    group = await office.group()
    assert group is not None
    assert group.version == 1
