"""The page behind the form, templates, naming rules, and two people at one form."""

from __future__ import annotations

from typing import Any

from store import ending, persons
from store.terms import Actor
from tests.bot.commands.conftest import ADA, BOTH, DOMAIN, FIRST, GRACE, TEAM, Office


async def drawn(office: Office, person: str) -> dict[str, Any]:
    """What stands in the inputs of the top modal."""
    modal = await office.pocket.modal(person)
    assert modal is not None
    return {block: next(iter(values.values())) for block, values in modal["values"].items()}


@BOTH
async def test_aliases_are_kept_with_the_other_settings(office: Office) -> None:
    await office.create()
    await office.form(ADA, "settings team")
    answer = await office.more(ADA, {"aliases": "crew\nthe crew"})
    assert answer["ok"]
    for _ in range(2):
        assert (await office.submit(ADA))["ok"]
    review = office.pocket.text(await office.pocket.wait_modal(ADA, contains="Settings (3 of 3)"))
    assert f"*Aliases*: none → crew@{DOMAIN}, the@{DOMAIN}" in review
    assert (await office.submit(ADA))["ok"]
    await office.pocket.close(ADA, everything=True)
    assert f"also reached at crew@{DOMAIN}, the@{DOMAIN}" in await office.ask(ADA, "alias team")
    await office.form(ADA, "settings team")
    assert f"{TEAM} is a group already" in (await office.more(ADA, {"aliases": TEAM}))["errors"]["aliases"]
    await office.pocket.fill(ADA, {"aliases": "crew"})
    for _ in range(4):
        assert (await office.submit(ADA))["ok"]
    assert f"also reached at crew@{DOMAIN}." in await office.ask(ADA, "alias team")


async def test_a_template_fills_in_the_form_and_everything_can_be_changed(office: Office) -> None:
    await office.form(ADA, "create", contains="1 of 3")
    await office.pocket.fill(ADA, FIRST)
    await office.pocket.click(ADA, "wizard.templates")
    await office.pocket.wait_modal(ADA, contains="A few write to many")
    await office.pocket.click(ADA, "wizard.template#2")
    await office.pocket.wait_modal(ADA, contains="1 of 3")
    await office.pocket.fill(ADA, {"subscription": "open"})
    for _ in range(2):
        assert (await office.submit(ADA))["ok"]
    review = office.pocket.text(await office.pocket.wait_modal(ADA, contains="3 of 3"))
    assert "*Who may post*\nAdministrators and moderators" in review
    assert "*Replies go to*\nThe people in charge" in review  # not asked on the first page, and told all the same
    assert (await office.submit(ADA))["ok"]
    group = await office.group()
    assert group is not None
    assert (group.posting, group.moderation, group.reply_to, group.subscription, group.display_name) == (
        "administrators", "none", "administrators", "open", "The team",
    )  # fmt: skip


async def test_a_group_speaks_the_language_of_who_makes_it_unless_another_is_given(office: Office) -> None:
    async with office.database.writing() as tx:
        ada = await persons.by_slack(tx, ADA)
        assert ada is not None
        ada.locale = "fr-CA"
    given: tuple[tuple[str, dict[str, str], str], ...] = (("team", {}, "fr"), ("press", {"language": "en"}, "en"))
    for local, chosen, language in given:
        await office.form(ADA, f"create {local} --template team", contains="1 sur 3")
        await office.pocket.fill(ADA, FIRST | {"local": local})
        await office.pocket.click(ADA, "wizard.more")
        await office.pocket.wait_modal(ADA, contains="Alias")
        assert (await drawn(office, ADA))["language"]["selected_option"]["value"] == "fr"
        await office.pocket.fill(ADA, chosen)
        for _ in range(4):
            assert (await office.submit(ADA))["ok"]
        await office.pocket.close(ADA, everything=True)
        group = await office.group(f"{local}@{DOMAIN}")
        assert group is not None
        assert group.language == language


async def test_a_template_by_text(office: Office) -> None:
    await office.form(ADA, "create news --template announcement", contains="1 of 3")
    values = await drawn(office, ADA)
    assert values["posting"]["selected_option"]["value"] == "administrators"
    assert values["local"]["value"] == "news"
    await office.pocket.close(ADA, everything=True)
    await office.form(ADA, "create --template=announcement", contains="1 of 3")  # the address is for the form
    assert (await drawn(office, ADA))["posting"]["selected_option"]["value"] == "administrators"
    await office.pocket.close(ADA, everything=True)
    assert "They are team, announcement, outside" in await office.ask(ADA, "create news --template zzz")
    assert "Say which template" in await office.ask(ADA, "create news --template")


async def test_what_others_changed_is_taken_over_and_what_both_changed_is_asked(office: Office) -> None:
    await office.create()
    await office.form(ADA, "settings team")
    await office.pocket.fill(ADA, {"display_name": "Mine", "max_send_size": "5 MB"})
    for text in ("settings team display_name Theirs", "settings team subscription open", "alias team add crew"):
        assert "team" in await office.ask(GRACE, text)
    for _ in range(2):
        assert (await office.submit(ADA))["ok"]
    review = office.pocket.text(await office.pocket.wait_modal(ADA, contains="While this form was open"))
    assert f"<@{GRACE}> changed Joining: Moderated: an administrator approves → Open" in review
    assert "*Display name*: Theirs → Mine" in review
    assert "*Largest message delivered*: the server's limit → 5 MB" in review
    assert "*Joining*" not in review
    assert "*Aliases*" not in review
    assert (await office.submit(ADA))["ok"]
    group = await office.group()
    assert group is not None
    assert (group.display_name, group.subscription, group.max_send_size) == ("Mine", "open", 5 * 2**20)
    assert "crew" in await office.ask(ADA, "alias team")


async def test_a_form_that_outlives_its_group_says_so(office: Office) -> None:
    await office.create()
    await office.form(ADA, "settings team")
    group = await office.group()
    assert group is not None
    assert group.id is not None
    async with office.database.writing() as tx:
        await ending.delete(tx, group.id, Actor("system"))
    await office.submit(ADA)
    assert "no longer exists" in office.pocket.text(await office.pocket.wait_modal(ADA, contains="no longer"))


async def test_what_never_comes_to_bear_and_what_slack_will_not_take_is_said(office: Office) -> None:
    await office.create()
    told = await office.ask(ADA, "settings team max_receive_size 40MB")
    assert "40 MB" in told
    assert "The server takes mails with up to 25 MB of attachments" in told
    assert "cannot be used now" not in await office.ask(ADA, "show team")
    await office.pocket.post("archive", channel="C0REPORTS")
    for text in ("show team", "settings team report_channel"):
        told = await office.ask(ADA, text)
        assert "Report channel <#C0REPORTS> cannot be used now: #reports is archived" in told, text


async def test_letters_that_are_spelled_with_joiners_keep_them(office: Office) -> None:
    await office.create()
    name = "می\u200cخواهم 👩\u200d💻"
    await office.ask(ADA, f"settings team display_name {name}")
    group = await office.group()
    assert group is not None
    assert group.display_name == name
    await office.ask(ADA, f'settings team display_name "{name}\u202e!"')
    group = await office.group()
    assert group is not None
    assert group.display_name == f"{name}!"
