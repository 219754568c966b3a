"""Buttons and forms with contents nobody of ours put there: answered, never a fault, nothing changed, nothing told."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from sqlmodel import select

from bot.acts import compositions
from bot.app.tables import TABLES
from bot.context import Context, NotAllowed, Submission
from bot.guarded import explain
from bot.payloads import Click
from bot.views.draft import Draft
from bot.views.ids import Action, Field, Form
from store import persons, posts, requests
from store.schema.audit import Audit
from store.terms import Action as Decided
from store.terms import Address, Decision, Reason, Refused, Standing
from tests.bot.commands.conftest import ADA, DOMAIN, GRACE, LINUS, MARGARET, Office
from tests.store.named import named

VALUES = [
    "", "-1", "0", "1e9", "9" * 18, "9" * 2_000, "9" * 25 + ":9", "9:" + "9" * 25, "9:-1", "remove:9",
    "remove:" + "9" * 20, "nosuch:1", "<!channel>",
    '{"search":1,"page":"x"}', '{"search":[],"page":1e400}', "null", "[]",
]  # fmt: skip
METADATA = [
    *VALUES, "9 home", "eJwDAAAAAAE=", '{"group":1e400,"search":"","page":1}', '{"group":1,"search":"","page":1e30}',
    '{"group":99999999999999999999,"search":"","page":1}', Draft(group_id=10**20).pack(), Draft(group_id=999).pack(),
]  # fmt: skip
PLACES: list[dict[str, Any] | None] = [
    None,
    {"type": "home", "id": "V1"},
    {"type": "modal", "id": "V1", "private_metadata": "x" * 3_000, "callback_id": Form.WIZARD_REVIEW},
]


async def act_of(office: Office, slack_id: str, view: dict[str, Any] | None = None) -> Context:
    """An act of a person, answered by direct message."""
    async with office.database.reading() as tx:
        person = await persons.by_slack(tx, slack_id)
    assert person is not None
    return Context(office.services, person, view=view)


async def audited(office: Office) -> int:
    async with office.database.reading() as tx:
        return len((await tx.exec(select(Audit.id))).all())


def click(action: Action, value: object, view: dict[str, Any] | None = None) -> Click:
    return Click.read({"actions": [{"action_id": str(action), "value": str(value)}], "view": view})


@pytest.mark.parametrize(
    ("content", "person", "at_report", "known"),
    [
        ("none", MARGARET, True, False), ("none", LINUS, False, True), ("subject", MARGARET, True, True),
        ("subject", MARGARET, False, False),
    ],
)  # fmt: skip
async def test_an_answer_tells_a_posts_words_to_who_may_know_them(
    office: Office, content: str, person: str, at_report: bool, known: bool
) -> None:
    """Margaret is not in the group: she knows what its report says where she is, whatever number her click brings."""
    await office.create(people={"moderators": [LINUS]})
    await office.ask(ADA, f"settings team slack_content {content}")
    group = await office.group()
    assert group is not None
    assert group.id is not None
    message = posts.NewMessage(raw=b"\r\n", public_id="p", author="eve@else.example", subject="Salaries")
    async with office.database.writing() as tx:
        accepted = posts.Submission(group.id, Standing.STRANGER, Decision(Decided.ACCEPT), "f")
        (post,) = (await posts.submit(tx, message, [accepted])).posts
    shown = str(await compositions.answer(await act_of(office, person), post.id or 0, told=at_report))
    assert ("Salaries" in shown, "eve@" in shown) == (known, known)


@pytest.mark.parametrize("place", PLACES, ids=["message", "home", "modal"])
async def test_a_forged_value_changes_nothing_and_is_no_fault(office: Office, place: dict[str, Any] | None) -> None:
    await office.create()
    before = await audited(office)
    told = []
    for action, handler in TABLES.actions.items():
        for value in VALUES:
            context = await act_of(office, LINUS, place)
            try:
                await handler(context, click(action, value, place))
            except (Refused, NotAllowed) as refusal:
                told.append(explain(context, refusal))
    assert [text for text in told if "reference" in text] == []
    assert await audited(office) == before


async def test_forged_metadata_changes_nothing_and_is_no_fault(office: Office) -> None:
    await office.create()
    before = await audited(office)
    told = []
    for form, handler in TABLES.forms.items():
        for metadata in METADATA:
            view: dict[str, Any] = {"id": "V1", "type": "modal", "blocks": [], "state": {"values": {}}}
            context = await act_of(office, LINUS, view)
            try:
                await handler(context, Submission(form, metadata, "", view))
            except (Refused, NotAllowed) as refusal:
                told.append(explain(context, refusal))
    assert [text for text in told if "reference" in text] == []
    assert await audited(office) == before


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("odd", ["nope", "<!channel>", "2026-02-30", "half a pair: \ud83d\0", "U0NOSUCH", "C0OLD"])
async def test_what_no_form_offers_is_answered_to_who_may_as_well(office: Office, odd: str, typed: bool) -> None:
    await office.create()
    values = {
        field: {
            field: {
                "value": odd if typed else "", "selected_option": {"value": odd}, "selected_options": [{"value": odd}],
                "selected_conversation": odd, "selected_user": odd, "selected_users": [odd], "files": [{"id": odd}],
                "selected_date": odd,
            }
        }
        for field in map(str, Field)
    }  # fmt: skip
    for form, handler in TABLES.forms.items():
        for metadata in ("1", "post 1", '{"group":1,"search":"","page":1}', Draft(group_id=1, version=1).pack()):
            view = {"id": "V1", "blocks": [], "callback_id": str(form), "private_metadata": metadata}
            submission = Submission.read({"view": view | {"state": {"values": values}}})
            with contextlib.suppress(Refused, NotAllowed):
                await handler(await act_of(office, ADA, dict(submission.view)), submission)


async def test_ids_of_a_hidden_group_tell_an_outsider_nothing_of_it(office: Office) -> None:
    await office.create("secret", display_name="Secret", hidden=["yes"], report_channel="C0MODERATORS")
    async with office.database.writing() as tx:
        hidden = await named(tx, f"secret@{DOMAIN}")
        grace = await persons.by_slack(tx, GRACE)
        assert hidden is not None
        assert hidden.id is not None
        assert grace is not None
        await requests.ask(tx, hidden, grace, Address.parse("grace@example.org"))
        message = posts.NewMessage(
            raw=b"Subject: Plans\r\n\r\n", public_id="p", author="eve@else.example", subject="Plans"
        )
        decision = Decision(Decided.HOLD, (Reason("non_member", {"author": "eve@else.example"}),))
        await posts.submit(tx, message, [posts.Submission(hidden.id, Standing.STRANGER, decision, "f")])
        decision = Decision(Decided.ACCEPT, ())
        second = posts.NewMessage(raw=message.raw, public_id="q", author="eve@else.example", subject="Plans")
        await posts.submit(tx, second, [posts.Submission(hidden.id, Standing.STRANGER, decision, "g")])
    before = await audited(office)
    for action in Action:
        for one, none in (("1", "999"), ("2", "998"), ("1:1", "999:1")):
            told = await told_by(office, action, one)
            assert "secret" not in told.lower(), action
            assert "Plans" not in told, action
            assert told == await told_by(office, action, none), action  # as of one that never was
    assert await audited(office) == before


async def told_by(office: Office, action: Action, value: str) -> str:
    """What an outsider is told who uses a button with that value."""
    context = await act_of(office, MARGARET)
    try:
        await TABLES.actions[action](context, click(action, value))
    except (Refused, NotAllowed) as refusal:
        return explain(context, refusal)
    answers = await office.pocket.messages(MARGARET, "dm")
    return office.pocket.text(answers[-1]) if answers else ""
