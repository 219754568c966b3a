"""Slack people become persons: with or without an address, at start, by events, and when somebody unknown acts."""

from __future__ import annotations

from typing import Any

import pytest

from bot.directory import Directory
from bot.sandbox.app import Sandbox
from bot.sandbox.driver import Pocket
from bot.sandbox.people import BOT_USER, built_in_people, crowd
from bot.sandbox.settings import Listen, Settings
from bot.slack import Identity, Slack
from store import persons
from store.engine import Database
from tests.bot.conftest import Office, open_office

IDENTITY = Identity("T0POCKET", "E1", "U0BOT", "B0", frozenset())


@pytest.fixture
async def directory(bot_url: str) -> Any:
    database = await Database.open(bot_url)
    slack = Slack.connect(token="xoxb-x", api_url="http://127.0.0.1:9/")
    slack.identity = IDENTITY
    yield Directory(database, slack, ())
    await slack.close()
    await database.close()


async def test_the_workspace_is_known_at_start(office: Office) -> None:
    async with office.database.reading() as tx:
        ids = ("U0ADA", "U0NOOR", "U0GIL", "U0DORA", BOT_USER, "U0EDSGER")
        rows = [await persons.by_slack(tx, slack_id) for slack_id in ids]
    found = {row.slack_id: row for row in rows if row is not None}
    assert found["U0ADA"].email == "ada@example.org"
    assert found["U0ADA"].operator
    assert found["U0NOOR"].email is None
    assert (found["U0GIL"].guest, found["U0GIL"].operator) == (True, False)
    assert found["U0DORA"].deactivated
    assert found[BOT_USER].bot
    assert found["U0EDSGER"].locale == "fr-FR"


async def test_a_changed_profile_is_learned_from_its_event(office: Office) -> None:
    await office.pocket.edit_person("U0NOOR", email="noor@example.org")

    async with office.database.reading() as tx:
        assert await persons.by_slack(tx, "U0NOOR") is not None

    async def learned() -> bool:
        async with office.database.reading() as tx:
            return bool(await persons.by_email(tx, "noor@example.org"))

    await office.until(learned)


async def test_somebody_unknown_is_asked_for_when_they_act(office: Office) -> None:
    await office.pocket.control(events=[])
    await office.pocket.edit_person("U0NEW", name="new", email="new@example.org")
    await office.pocket.join("U0NEW", "#general")
    await office.pocket.command("U0NEW", "#general", "/group help")
    await office.pocket.wait_message("U0NEW", "#general", "/group join")
    async with office.database.reading() as tx:
        person = await persons.by_slack(tx, "U0NEW")
    assert person is not None
    assert person.email == "new@example.org"


async def test_somebody_unknown_is_served_even_if_slack_does_not_tell_who(office: Office) -> None:
    await office.pocket.control(events=[])
    await office.pocket.edit_person("U0NEW", name="new", owner=True)
    await office.pocket.join("U0NEW", "#general")
    await office.pocket.control(outage="hang", methods="users.info")
    await office.pocket.command("U0NEW", "#general", "/group help")
    await office.pocket.wait_message("U0NEW", "#general", "/group join")
    await office.pocket.control(recover=True)


async def test_operators_are_those_named(bot_url: str, pocket_slack: Sandbox) -> None:
    async with open_office(bot_url, pocket_slack, operators=("U0LINUS",)) as office, office.database.reading() as tx:
        assert [person.slack_id for person in await persons.operators(tx)] == ["U0LINUS"]


async def test_a_large_workspace_comes_page_by_page(bot_url: str, free_port: Any) -> None:
    settings = Settings(listen=Listen("127.0.0.1", 0), sink=Listen("127.0.0.1", free_port()), tiers=False)
    sandbox = Sandbox(settings, people=[*built_in_people(), *crowd(450)])
    await sandbox.start()
    try:
        async with open_office(bot_url, sandbox) as office:

            async def everybody() -> bool:
                async with office.database.reading() as tx:
                    return bool(await persons.by_slack(tx, "U10000449"))

            await office.until(everybody)
    finally:
        await sandbox.stop()


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ({"id": "U1"}, {"name": "U1", "email": None, "locale": "en-US", "operator": False}),
        ({"id": "U1", "team_id": "T0POCKET", "is_admin": True}, {"operator": True, "stranger": False}),
        ({"id": "U1", "team_id": "T9", "is_admin": True}, {"stranger": True, "operator": False, "guest": False}),
        ({"id": "U1", "is_stranger": True, "is_owner": True}, {"stranger": True, "operator": False}),
        ({"id": "U1", "team_id": "T9", "enterprise_user": {"enterprise_id": "E1"}}, {"stranger": False}),
        ({"id": "U1", "team_id": "T9", "enterprise_user": {"enterprise_id": "E9"}}, {"stranger": True}),
        ({"id": "U1", "is_restricted": True, "is_admin": True}, {"guest": True, "operator": False}),
        ({"id": "U1", "is_ultra_restricted": True}, {"guest": True}),
        ({"id": "U1", "deleted": True}, {"deactivated": True}),
        ({"id": "USLACKBOT"}, {"bot": True}),
        ({"id": "U1", "profile": {"real_name": "R", "email": ""}}, {"name": "R", "email": None}),
        ({"id": "U1", "profile": {"real_name": "R\ud83d\0d"}}, {"name": "R\ufffdd"}),  # no database takes either
    ],
)
async def test_a_profile(directory: Directory, user: dict[str, Any], expected: dict[str, Any]) -> None:
    profile = directory.profile(user)
    assert {name: getattr(profile, name) for name in expected} == expected


async def test_who_leaves_the_operators_user_group_is_no_operator_from_that_moment(
    bot_url: str, pocket_slack: Sandbox
) -> None:
    async with Pocket(pocket_slack.base) as pocket:
        team = await pocket.user_group("ops", members=["U0LINUS", "U0GIL"])
    async with open_office(bot_url, pocket_slack, operators=(team,)) as office:

        async def are(*slack_ids: str) -> bool:
            async with office.database.reading() as tx:
                return [one.slack_id for one in await persons.operators(tx)] == list(slack_ids)

        await office.until(lambda: are("U0LINUS"))  # a guest is none, whoever names them
        await office.pocket.user_group("ops", members=["U0GRACE", "U0GIL"])
        await office.until(lambda: are("U0GRACE"))
        await office.pocket.user_group("ops", deactivated=True)
        await office.until(are)


async def test_operators_of_a_user_group_that_is_gone_are_nobody_and_everybody_is_known(
    bot_url: str, pocket_slack: Sandbox
) -> None:
    async with open_office(bot_url, pocket_slack, operators=("S0NONE",)) as office, office.database.reading() as tx:
        assert await persons.operators(tx) == []
        assert await persons.by_slack(tx, "U0LINUS") is not None
