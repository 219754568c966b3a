"""The wizard as a person walks it, over real sockets, on a real database."""

from __future__ import annotations

from collections.abc import Awaitable
from hashlib import sha256
from typing import Any

import pytest

from bot.acts import channels
from store import groups, memberships, persons
from store.names import Served
from store.terms import Moderation, Refused, Subscription
from tests.bot.commands.conftest import ADA, BOT_ID, BOTH, DOMAIN, GIL, GRACE, LINUS, MARGARET, NOOR, Office


@BOTH
async def test_a_group_is_made_in_three_steps(office: Office) -> None:
    picked = {
        "contacts": [LINUS, MARGARET],
        "moderators": [GRACE],
        "outside": "Jo Doe <jo@example.com>\nal@example.com",
    }
    await office.create(people={**picked, "also_contacts": ["yes"]})
    group = await office.group()
    assert group is not None
    assert (group.display_name, group.report_channel, group.max_send_size) == ("The team", "C0REPORTS", None)
    assert (group.subscription, group.moderation) == (Subscription.MODERATED, Moderation.NON_MEMBERS)
    assert await office.roster() == {
        ADA: "AC", GRACE: "M", LINUS: "C", MARGARET: "C", "jo@example.com": "C", "al@example.com": "C",
    }  # fmt: skip


async def test_a_whole_address_of_a_published_domain_gets_a_route(office: Office) -> None:
    assert (await office.first(local="Team@Example.NET"))["ok"]
    await office.submit(ADA)
    review = office.pocket.text(await office.pocket.wait_modal(ADA, contains="3 of 3"))
    assert "team@example.net" in review
    assert f"forwarded to team@{DOMAIN}" in review
    assert (await office.submit(ADA))["ok"]
    group = await office.group("team@example.net")
    assert group is not None
    assert group.route == f"team@{DOMAIN}"


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("local", "team@evil.example", "evil.example is not a domain served here"),
        ("local", "-team-", "cannot be a group's address"),
        ("local", "te am", "cannot be a group's address"),
        ("local", "tеam", "look like others"),  # a Cyrillic letter
        ("local", "postmaster", "reserved"),
        ("local", "x" * 60, "too long"),
        ("display_name", " ", "name"),
        ("max_receive_size", "much", "much is not a size"),
        ("max_send_size", "25", "too small"),
        ("report_channel", "C0RANDOM", "Invite me there first"),
        ("report_channel", "C0BOARD", "cannot see that channel"),
    ],
)
async def test_a_wrong_input_is_told_at_its_place(office: Office, field: str, value: str, word: str) -> None:
    answer = await office.first(**{field: value})
    assert not answer["ok"]
    assert set(answer["errors"]) == {field}
    if value.strip():  # an empty one the client refuses in words of its own
        assert word in answer["errors"][field]
    assert await office.group() is None


async def test_all_that_is_wrong_is_told_at_once(office: Office) -> None:
    answer = await office.first(local="*", max_receive_size="x", report_channel="C0RANDOM")
    assert set(answer["errors"]) == {"local", "max_receive_size", "report_channel"}


async def test_a_hidden_group_reports_to_private_channels_only(office: Office) -> None:
    answer = await office.first(hidden=["yes"])
    assert "private channel" in answer["errors"]["report_channel"]
    await office.pocket.fill(ADA, {"report_channel": "C0MODERATORS"})
    assert (await office.submit(ADA))["ok"]


async def test_addresses_that_are_taken_are_refused_with_what_holds_them(office: Office) -> None:
    await office.create(people={"outside": f"sales@{DOMAIN}"})
    await office.pocket.edit_person(MARGARET, email=f"margaret@{DOMAIN}")
    await office.services.directory.crawl()
    async with office.database.writing() as tx:
        person = await persons.by_slack(tx, GRACE)
        assert person is not None
        new = groups.NewGroup(
            address="news@example.net",
            route=f"news-in@{DOMAIN}",
            aliases=(f"press@{DOMAIN}",),
            administrators=(memberships.Entry(person_id=person.id),),
        )
        await groups.create(tx, new, office.services.served, persons.actor(person))
    for local, word in (
        ("team", "is a group already"),
        ("news@example.net", "is a group already"),
        ("press", "is an alias of"),
        ("news-in", "is the internal route of"),
        ("team-owner", "belongs to"),
        ("margaret", "a colleague's mailbox (Margaret Lane)"),
        ("sales", "as a contact of The team"),
    ):
        answer = await office.first(local=local)
        assert word in answer["errors"]["local"], local
        await office.pocket.close(ADA, everything=True)
    async with office.database.reading() as tx:
        found = await groups.directory(tx, None, operator=True)
    assert sorted(one.group.address for one in found) == ["news@example.net", f"team@{DOMAIN}"]


@pytest.mark.parametrize(
    ("picked", "field", "word"),
    [
        ({"administrators": []}, "administrators", ""),
        ({"contacts": [LINUS, NOOR]}, "contacts", "Noor Haddad"),
        ({"moderators": [BOT_ID]}, "moderators", "apps, not people: Postroom"),
        ({"outside": "Jo <jo@example.com>\nnot an address"}, "outside", "is not an e-mail address"),
    ],
)
async def test_people_who_cannot_be_that_are_named(
    office: Office, picked: dict[str, Any], field: str, word: str
) -> None:
    answer = await office.second(**picked)
    assert not answer["ok"]
    assert word in answer["errors"][field]
    assert await office.group() is None


async def test_somebody_gone_since_the_form_was_filled_is_named(office: Office) -> None:
    assert (await office.first())["ok"]
    await office.pocket.fill(ADA, {"moderators": [MARGARET]})
    await office.pocket.edit_person(MARGARET, deactivated=True)
    await office.services.directory.crawl()
    answer = await office.submit(ADA)
    assert "no longer in Slack: Margaret Lane" in answer["errors"]["moderators"]


async def test_a_group_is_not_made_for_an_administrator_who_is_gone_since_the_review(office: Office) -> None:
    assert (await office.second(administrators=[LINUS]))["ok"]
    await office.pocket.edit_person(LINUS, deactivated=True)
    await office.services.directory.crawl()
    await office.submit(ADA)
    await office.pocket.wait_modal(ADA, contains="no longer in Slack: Linus")
    assert await office.group() is None


@pytest.mark.parametrize(
    ("channel", "hidden", "name"),
    [
        ("C0REPORTS", False, None),
        ("C0MODERATORS", True, None),
        ("C0REPORTS", True, "channel_public_for_hidden"),
        ("C0OLD", False, "channel_archived"),
        ("C0RANDOM", False, "channel_uninvited"),
        ("C0BOARD", False, "channel_unseen"),
        ("C0NOSUCH", False, "channel_unseen"),
    ],
)
async def test_a_report_channel_is_one_the_bot_can_post_to(
    office: Office, channel: str, hidden: bool, name: str | None
) -> None:
    await told(channels.check_report(office.services.slack, channel, hidden=hidden), name)


async def test_a_direct_message_is_no_channel_and_cards_need_a_private_one_of_this_workspace(office: Office) -> None:
    direct = await office.services.slack.open_dm(ADA)
    await told(channels.check_report(office.services.slack, direct, hidden=False), "channel_direct")
    await told(channels.check_moderation(office.services.slack, "C0REPORTS"), "channel_not_private")
    await told(channels.check_moderation(office.services.slack, "C0MODERATORS"), None)
    assert office.sandbox.workspace is not None
    moderators = office.sandbox.workspace.channels.get("C0MODERATORS")
    assert moderators is not None
    moderators.shared = True
    await told(channels.check_moderation(office.services.slack, "C0MODERATORS"), "channel_shared")
    await told(channels.check_report(office.services.slack, "C0MODERATORS", hidden=True), "channel_shared_for_hidden")
    await told(channels.check_report(office.services.slack, "C0MODERATORS", hidden=False), None)
    await office.pocket.control(outage="503")
    await told(channels.check_moderation(office.services.slack, "C0MODERATORS"), "channel_unchecked")


async def told(check: Awaitable[None], name: str | None) -> None:
    """Await a check and see that it refuses under that name, or passes for None."""
    if name is None:
        await check
        return
    with pytest.raises(Refused) as caught:
        await check
    assert caught.value.name == name


async def test_a_group_cannot_be_its_own_contact(office: Office) -> None:
    await office.second(outside=f"team@{DOMAIN}")
    await office.submit(ADA)
    assert "the group itself" in office.pocket.text(await office.pocket.wait_modal(ADA))
    assert await office.group() is None


async def test_more_than_a_form_carries_is_refused_not_cut(office: Office) -> None:
    # Names as dense as names can be: of ideographs in no order nothing can be packed away.
    names = ["".join(chr(0x4E00 + byte * 80 + n) for byte in sha256(bytes([n])).digest()) for n in range(55)]
    many = "\n".join(f"{name} <{n}@a.example.com>" for n, name in enumerate(names))
    answer = await office.second(outside=many)
    assert "one form can carry" in answer["errors"]["outside"]


async def test_the_review_shows_everybody_with_flags_and_what_to_know(office: Office) -> None:
    await office.second(administrators=[ADA, NOOR], moderators=[ADA], contacts=[LINUS],
                 outside="linus@example.org, Jo <jo@example.com>")  # fmt: skip
    review = office.pocket.text(await office.pocket.wait_modal(ADA, contains="3 of 3"))
    assert f"<@{ADA}> (ada@example.org) – administrator and moderator" in review
    assert f"<@{LINUS}> (linus@example.org) – contact" in review
    assert "Jo (jo@example.com) – contact" in review
    assert f"cannot be contacts: <@{NOOR}>" in review
    assert f"receive no mail: <@{ADA}>" in review
    assert "counted once: linus@example.org" in review


async def test_back_keeps_everything_typed(office: Office) -> None:
    assert (await office.first(max_send_size="10 MB", subscription="open"))["ok"]
    await office.pocket.fill(ADA, {"contacts": [LINUS], "outside": "half an addr", "also_contacts": ["yes"]})
    await office.pocket.click(ADA, "wizard.back")
    await office.pocket.wait_modal(ADA, contains="1 of 3")
    assert (await office.submit(ADA))["ok"]
    await office.pocket.wait_modal(ADA, contains="2 of 3")
    assert "outside" in (await office.submit(ADA))["errors"]
    await office.pocket.fill(ADA, {"outside": "half@example.com"})
    assert (await office.submit(ADA))["ok"]
    await office.pocket.wait_modal(ADA, contains="3 of 3")
    await office.pocket.click(ADA, "wizard.back")
    await office.pocket.wait_modal(ADA, contains="2 of 3")
    for _ in range(2):
        assert (await office.submit(ADA))["ok"]
    group = await office.group()
    assert group is not None
    assert group.subscription is Subscription.OPEN
    assert group.max_send_size == 10 * 2**20
    assert await office.roster() == {ADA: "AC", LINUS: "C", "half@example.com": "C"}


async def test_the_address_may_be_given_with_the_command(office: Office) -> None:
    await office.form(ADA, f"create news@{DOMAIN}", contains="1 of 3")
    await office.pocket.fill(ADA, {"display_name": "News", "report_channel": "C0REPORTS"})
    for _ in range(3):
        assert (await office.submit(ADA))["ok"]
    assert await office.group(f"news@{DOMAIN}") is not None


async def test_a_wrong_address_with_the_command_is_answered_at_once(office: Office) -> None:
    assert "not a domain served here" in await office.ask(ADA, "create news@evil.example")
    assert "reserved" in await office.ask(ADA, "create abuse")
    assert await office.pocket.modal(ADA) is None


@pytest.mark.parametrize(("person", "word"), [(LINUS, "Only operators"), (GIL, "Guests")])
async def test_only_operators_create(office: Office, person: str, word: str) -> None:
    assert word in await office.ask(person, "create")
    assert await office.pocket.modal(person) is None


async def test_who_lost_the_right_meanwhile_creates_nothing(office: Office) -> None:
    assert (await office.second())["ok"]
    await office.pocket.edit_person(ADA, owner=False, admin=False)
    await office.services.directory.crawl()
    await office.submit(ADA)
    assert "Only operators" in office.pocket.text(await office.pocket.wait_modal(ADA))
    assert await office.group() is None


async def test_an_address_taken_meanwhile_is_told_over_the_review(office: Office) -> None:
    assert (await office.second())["ok"]
    async with office.database.writing() as tx:
        person = await persons.by_slack(tx, GRACE)
        assert person is not None
        new = groups.NewGroup(address=f"team@{DOMAIN}", administrators=(memberships.Entry(person_id=person.id),))
        await groups.create(tx, new, Served((DOMAIN,)), persons.actor(person))
    await office.submit(ADA)
    assert f"team@{DOMAIN}" in office.pocket.text(
        await office.pocket.wait_modal(ADA, contains="Choose another address")
    )
    assert await office.roster() == {GRACE: "A"}
    await office.pocket.close(ADA)
    await office.pocket.wait_modal(ADA, contains="3 of 3")  # all that was typed is still there


async def test_what_earlier_steps_found_right_is_looked_at_once_more(office: Office) -> None:
    assert (await office.first(moderation_channel="C0MODERATORS"))["ok"]
    assert (await office.submit(ADA))["ok"]
    freely, ruled = office.services.settings, {"name_prefix": "grp-"}
    object.__setattr__(office.services, "settings", freely.model_copy(update=ruled))  # as if started anew
    await refused_over_review(office, "Address: ", "grp-team")
    object.__setattr__(office.services, "settings", freely)
    await office.pocket.leave("postroom", "#moderators")
    await refused_over_review(office, "Moderation channel: I cannot see that channel")
    await office.pocket.join("postroom", "#moderators")
    await office.pocket.post("archive", channel="C0REPORTS")
    await refused_over_review(office, "Report channel: #reports is archived")
    await office.pocket.post("archive", channel="C0REPORTS", archived=False)
    assert (await office.submit(ADA))["ok"]
    assert "takes mail now" in office.pocket.text(await office.pocket.wait_modal(ADA))
    await office.pocket.close(ADA, everything=True)
    # What stands there already keeps nothing else from being changed.
    await office.pocket.leave("postroom", "#reports")
    await office.form(ADA, "settings team")
    await office.pocket.fill(ADA, {"display_name": "Crew"})
    for _ in range(3):
        assert (await office.submit(ADA))["ok"]
    assert "are saved" in office.pocket.text(await office.pocket.wait_modal(ADA))


async def refused_over_review(office: Office, *words: str) -> None:
    """Validating is refused in these words, makes nothing, and leaves the review as it was."""
    await office.submit(ADA)
    told = office.pocket.text(await office.pocket.wait_modal(ADA, contains="Nothing was made or changed"))
    assert all(word in told for word in words), told
    assert await office.group() is None
    await office.pocket.close(ADA)
    await office.pocket.wait_modal(ADA, contains="3 of 3")
