"""App passwords, from the command to the door where a device signs in."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import replace
from typing import Any

import pytest
import structlog
from sqlmodel import col, select

from bot.actions import passwords as actions
from bot.commands import passwords as commands
from bot.commands.bound import Bound, Deed
from bot.context import Context
from bot.faults import Gone
from bot.payloads import Click
from store import hashing, passwords, persons
from store.persons import Profile
from store.schema.audit import Audit
from store.schema.password import Password
from store.terms import Refused
from tests.bot.commands.conftest import BOTH, GIL, GRACE, LINUS, MARGARET, NOOR, Office

SHOWN = re.compile(r"(?:[a-z2-9]{4}-){3}[a-z2-9]{4}")
SAM = "U0SAM"


@pytest.fixture
async def office(office: Office) -> Office:
    """With a bridge that people's devices can sign in at."""
    settings = office.services.settings.model_copy(
        update={"submission_listen": ("0.0.0.0:587",), "hostname": "mail.example.org"}
    )
    object.__setattr__(office.services, "settings", settings)
    return office


async def rows(office: Office, slack_id: str) -> list[Password]:
    """A person's app passwords as they are kept."""
    async with office.database.reading() as tx:
        person = await persons.by_slack(tx, slack_id)
        assert person is not None
        assert person.id is not None
        return await passwords.of(tx, person.id)


async def messages(office: Office, slack_id: str) -> str:
    """All that a person sees in all channels and direct messages."""
    state = await office.pocket.state(slack_id)
    return "\n".join(office.pocket.text(one) for channel in state["messages"].values() for one in channel)


async def audited(office: Office) -> list[tuple[str, bool]]:
    async with office.database.reading() as tx:
        found = (await tx.exec(select(Audit).order_by(col(Audit.id)))).all()
    return [(row.verb, row.as_operator) for row in found if row.verb.startswith("password.")]


async def opens(row: Password, typed: str) -> bool:
    return await asyncio.to_thread(hashing.matches, row.digest, typed)


@BOTH
async def test_a_password_by_command_is_shown_once_and_kept_as_a_hash(office: Office) -> None:
    told = await office.ask(LINUS, "password new printer on floor 2")
    found = SHOWN.search(told)
    assert found is not None
    for part in ("mail.example.org, port 587, with STARTTLS", "User name: linus@example.org", "only this once"):
        assert part in told
    (row,) = await rows(office, LINUS)
    assert (row.label, row.address, row.selector) == ("printer on floor 2", "linus@example.org", found[0][:4])
    assert await opens(row, found[0])
    assert not await opens(row, found[0][:-1])
    listed = await office.ask(LINUS, "password list")
    assert "printer on floor 2" in listed
    assert "not used yet" in listed
    assert not SHOWN.search(listed)
    assert await audited(office) == [("password.made", False)]


@BOTH
async def test_a_password_by_the_form_is_shown_in_the_form_alone(office: Office) -> None:
    await office.form(LINUS, "password", "You have no app passwords")
    await office.pocket.fill(LINUS, {"label": "cron"})
    assert (await office.submit(LINUS))["ok"]
    modal = await office.pocket.wait_modal(LINUS, contains="only this once")
    found = SHOWN.search(office.pocket.text(modal))
    assert found is not None
    (row,) = await rows(office, LINUS)
    assert await opens(row, found[0])
    assert (await office.pocket.submit(LINUS))["ok"]
    assert await office.pocket.modal(LINUS) is None
    assert not SHOWN.search(await messages(office, LINUS))
    text = office.pocket.text(await office.form(LINUS, "password", "cron"))
    assert not SHOWN.search(text)


async def test_only_its_person_sees_a_new_password(office: Office) -> None:
    await office.ask(LINUS, "password new printer")
    assert SHOWN.search(await messages(office, LINUS))
    assert not SHOWN.search(await messages(office, MARGARET))


async def test_a_form_that_was_closed_before_its_answer_is_answered_nowhere_else(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A late answer goes to a direct message where the modal is gone; this one must not, for it would be kept there."""
    monkeypatch.setattr("bot.guarded.SUBMIT_SECONDS", 0.01)
    monkeypatch.setattr("bot.guarded.MARK_WAITS", (0.01,))
    await office.form(LINUS, "password", "You have no app passwords")
    await office.pocket.fill(LINUS, {"label": "cron"})
    with structlog.testing.capture_logs() as events:
        async with office.database.writing():  # so that it cannot be made yet
            await office.pocket.submit(LINUS)
            await office.pocket.close(LINUS, everything=True)

        async with asyncio.timeout(30):
            while not any(event["event"] == "modal.closed" for event in events):
                await asyncio.sleep(0.01)
    assert not SHOWN.search(await messages(office, LINUS))
    assert "cron" in await office.ask(LINUS, "password list")


async def test_revoking_by_name_by_first_letters_and_by_button(office: Office) -> None:
    for label in ("printer", "cron", "scanner"):
        await office.ask(LINUS, f"password new {label}")
    cron = (await rows(office, LINUS))[1]
    assert "printer is revoked" in await office.ask(LINUS, "password revoke PRINTER")
    assert f"{cron.label} is revoked" in await office.ask(LINUS, f"password revoke {cron.selector}")
    assert "no such app password" in await office.ask(LINUS, "password revoke printer")
    await office.form(LINUS, "password", "scanner")
    await office.pocket.click(LINUS, "password.revoke#0")
    await office.pocket.wait_modal(LINUS, contains="scanner is revoked")
    assert await rows(office, LINUS) == []
    assert [verb for verb, _ in await audited(office)].count("password.revoked") == 3


async def test_the_list_is_redrawn_where_it_was_clicked_and_a_late_click_is_told(office: Office) -> None:
    await office.ask(LINUS, "password new printer")
    (row,) = await rows(office, LINUS)
    await office.ask(LINUS, "password list")
    async with office.database.writing() as tx:
        assert row.id is not None
        await passwords.revoke(tx, row.id, persons.actor(await person(office, LINUS)))
    await office.pocket.click(LINUS, "password.revoke#0", channel="#general")
    await office.pocket.wait_message(LINUS, "#general", "revoked already")
    await office.ask(LINUS, "password new cron")
    await office.ask(LINUS, "password revoke")
    await office.pocket.click(LINUS, "password.revoke#0", channel="#general")
    await office.pocket.wait_message(LINUS, "#general", "cron is revoked")


async def person(office: Office, slack_id: str) -> Any:
    async with office.database.reading() as tx:
        return await persons.by_slack(tx, slack_id)


# ---------------------------------------------------------------- who may


async def test_who_cannot_have_one_is_told_why(office: Office) -> None:
    assert "Guests cannot have app passwords" in await office.ask(GIL, "password new printer")
    assert "Slack shows no e-mail address for you" in await office.ask(NOOR, "password new printer")
    await office.pocket.edit_person(SAM, name="sam", email="sam@else.example", team="T9ELSE")
    await office.pocket.join(SAM, "#general")
    assert "People of other workspaces cannot do this" in await office.ask(SAM, "password new printer")
    for slack_id in (GIL, NOOR, SAM):
        assert await rows(office, slack_id) == []


async def test_the_form_of_who_cannot_have_one_says_why_too(office: Office) -> None:
    for slack_id, why in ((GIL, "Guests and people of other workspaces"), (NOOR, "Slack shows no e-mail address")):
        assert why in await office.ask(slack_id, "password")


async def test_who_became_a_guest_revokes_and_makes_none(office: Office) -> None:
    await office.ask(LINUS, "password new printer")
    await office.pocket.edit_person(LINUS, guest=True)
    await office.services.directory.crawl()
    text = office.pocket.text(await office.form(LINUS, "password", "printer"))
    assert "Guests and people of other workspaces cannot have" in text
    assert "Name of a new password" not in text
    await office.pocket.click(LINUS, "password.revoke#0")
    await office.pocket.wait_modal(LINUS, contains="printer is revoked")


async def test_operators_see_and_revoke_those_of_others_and_nobody_else_does(office: Office) -> None:
    told = SHOWN.search(await office.ask(LINUS, "password new printer"))
    assert told is not None
    for text in ("password list @linus", "password revoke @linus printer"):
        assert "Only operators of Postroom can see" in await office.ask(MARGARET, text)
    await office.ask(MARGARET, "password new her own")
    assert "made by the person who will use it" in await office.ask(GRACE, "password new @linus printer")
    listed = await office.ask(GRACE, "password list @linus")
    assert "printer" in listed
    assert told[0] not in listed
    assert "printer is revoked" in await office.ask(GRACE, "password revoke @linus printer")
    assert await rows(office, LINUS) == []
    assert (await audited(office))[-1] == ("password.revoked", True)


async def test_a_forged_button_revokes_nothing_of_anybody_else(office: Office) -> None:
    await office.ask(LINUS, "password new printer")
    (row,) = await rows(office, LINUS)
    context = Context(office.services, await person(office, MARGARET))
    said = set()
    for value in (row.id, 999):
        with pytest.raises(Refused) as refused:
            await actions.revoke(
                context, Click.read({"actions": [{"action_id": "password.revoke#0", "value": str(value)}]})
            )
        said.add(refused.value.name)
    assert said == {"password_unknown"}  # nor does it tell which there are
    assert len(await rows(office, LINUS)) == 1


# ---------------------------------------------------------------- bad input


async def test_names_are_asked_for_and_judged(office: Office) -> None:
    assert "nothing to do with an app password. Say new" in await office.ask(LINUS, "password printer")
    assert "Did you mean revoke" in await office.ask(LINUS, "password revok printer")
    assert "may have 60 characters" in await office.ask(LINUS, f"password new {'x' * 61}")
    await office.ask(LINUS, "password new printer")
    assert "named Printer already" in await office.ask(LINUS, "password new  Printer ")
    assert "what to do with “printer”" in await office.ask(LINUS, "password list printer")
    await office.form(LINUS, "password new", "Name of a new password")
    await office.pocket.fill(LINUS, {"label": "PRINTER"})
    answer = await office.submit(LINUS)
    assert "named PRINTER already" in answer["errors"]["label"]
    assert len(await rows(office, LINUS)) == 1


async def test_a_name_from_outside_is_shown_as_it_is(office: Office) -> None:
    told = await office.ask(LINUS, "password new <!channel> *bold* & `x`")
    assert "<!channel>" not in told
    (row,) = await rows(office, LINUS)
    assert "&lt;!" not in row.label


async def test_there_is_an_end_to_how_many(office: Office) -> None:
    for n in range(passwords.MOST):
        assert SHOWN.search(await office.ask(LINUS, f"password new device {n}"))
    assert "You have 10 app passwords" in await office.ask(LINUS, "password new one more")
    text = office.pocket.text(await office.form(LINUS, "password", "device 9"))
    assert "You have 10 app passwords" in text
    assert "Name of a new password" not in text


async def test_where_nothing_can_sign_in_none_is_made(office: Office) -> None:
    settings = office.services.settings.model_copy(update={"submission_listen": ()})
    object.__setattr__(office.services, "settings", settings)
    for text in ("password new printer", "password"):
        assert "An operator can set POSTROOM_SUBMISSION_LISTEN" in await office.ask(LINUS, text)
    assert await rows(office, LINUS) == []


async def test_a_password_that_could_not_be_shown_is_revoked(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    context = Context(office.services, await person(office, LINUS), response_url=f"{office.pocket.base}/no-such-hook")
    with pytest.raises(Refused, match="password_unseen") as refused:
        await commands.password(context, Bound(deed=Deed.NEW, label="printer"))
    assert isinstance(refused.value.__cause__, Gone)
    assert await rows(office, LINUS) == []


async def test_another_address_is_said_to_make_it_useless(office: Office) -> None:
    await office.ask(LINUS, "password new printer")
    linus = await person(office, LINUS)
    async with office.database.writing() as tx:
        await persons.upsert(tx, replace(Profile(LINUS, linus.name), email="l@example.net"))
    assert "It was made for linus@example.org" in await office.ask(LINUS, "password list")


# ---------------------------------------------------------------- secrets and Home


async def test_no_log_holds_a_password(
    office: Office, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with structlog.testing.capture_logs() as events:
        shown = SHOWN.search(await office.ask(LINUS, "password new printer"))
        await office.form(LINUS, "password", "printer")
        await office.pocket.fill(LINUS, {"label": "cron"})
        await office.submit(LINUS)
        modal = SHOWN.search(office.pocket.text(await office.pocket.wait_modal(LINUS, contains="only this once")))
    assert shown is not None
    assert modal is not None
    told = f"{events}{caplog.text}{capsys.readouterr()}"
    assert [one for one in (shown[0], modal[0]) if one in told or one.replace("-", "") in told] == []


async def test_home_has_a_button_for_whom_it_is_for(office: Office) -> None:
    await office.pocket.open_home(LINUS)
    await office.pocket.wait_home(LINUS, contains="App passwords")
    await office.pocket.click(LINUS, "password.form", home=True)
    await office.pocket.wait_modal(LINUS, contains="You have no app passwords")
    await office.pocket.open_home(GIL)
    assert "App passwords" not in office.pocket.text(await office.pocket.wait_home(GIL))
