"""Who may do what, by really trying: moderators, strangers, and those whose right went while a form stood open."""

from __future__ import annotations

import pytest
from sqlmodel import col, select

from store import memberships, pending, persons
from store.schema.audit import Audit
from store.schema.notice import Notice, Placement
from store.terms import NoticeKind, RequestState
from tests.bot.commands.conftest import ADA, BOTH, GRACE, LINUS, MARGARET, TEAM, Office
from tests.bot.commands.test_pending import hold, state
from tests.store.named import named

SAM = "U0SAM"


async def demote(office: Office, slack_id: str) -> None:
    """Take every right in the team from somebody, as another administrator does."""
    async with office.database.writing() as tx:
        group = await named(tx, TEAM)
        person = await persons.by_slack(tx, slack_id)
        ada = await persons.by_slack(tx, ADA)
        assert group is not None
        assert group.id is not None
        assert person is not None
        assert ada is not None
        row = await memberships.find(tx, group.id, person_id=person.id)
        assert row is not None
        assert row.id is not None
        await memberships.withdraw_flags(
            tx, group.id, [row.id], administrator=True, moderator=True, actor=persons.actor(ada)
        )


async def test_a_moderator_decides_and_does_not_configure(office: Office) -> None:
    await office.create(people={"moderators": [LINUS]})
    for text in (
        "settings team", "settings team subscription open", "members team", "add team @margaret",
        "remove team @ada", "delete team",
    ):  # fmt: skip
        assert f"Only administrators of {TEAM}" in await office.ask(LINUS, text), text
    assert await office.pocket.modal(LINUS) is None
    post_id = await hold(office, "Plans")
    assert "a post by mallory@example.com has been held" in await office.ask(LINUS, "pending")
    await office.pocket.click(LINUS, "post.read", channel="#general")
    await office.pocket.wait_modal(LINUS, contains="body")
    await office.pocket.close(LINUS, everything=True)
    await office.pocket.click(LINUS, "post.discard", channel="#general")
    await office.pocket.wait_for(lambda: discarded(office, post_id), what="the post to be discarded")
    assert await office.roster() == {ADA: "A", LINUS: "M"}


async def discarded(office: Office, post_id: int) -> bool:
    return (await state(office, post_id)).value == "discarded"


@pytest.mark.parametrize(
    ("text", "steps", "typed"),
    [
        ("settings team", 0, {"display_name": "Mine"}),
        ("settings team", 2, {}),
        ("delete team", 0, {"confirm": TEAM}),
    ],
)
async def test_who_lost_the_right_while_a_form_stood_open_changes_nothing(
    office: Office, text: str, steps: int, typed: dict[str, str]
) -> None:
    await office.create(people={"administrators": [ADA, LINUS]})
    await office.form(LINUS, text)
    if steps:
        await office.pocket.fill(LINUS, {"display_name": "Mine"})
    for _ in range(steps):
        assert (await office.submit(LINUS))["ok"]
    await office.pocket.fill(LINUS, typed)
    await demote(office, LINUS)
    await office.submit(LINUS)
    await office.pocket.wait_modal(LINUS, contains=f"Only administrators of {TEAM}")
    group = await office.group()
    assert group is not None
    assert group.display_name == "The team"


async def test_a_moderator_no_longer_one_denies_nothing(office: Office) -> None:
    await office.create(people={"moderators": [LINUS]})
    await office.ask(MARGARET, "join team")
    await office.ask(LINUS, "pending")
    await office.pocket.click(LINUS, "request.deny", channel="#general")
    await office.pocket.wait_modal(LINUS, contains="Deny the request")
    await demote(office, LINUS)
    await office.pocket.fill(LINUS, {"reason": "no"})
    await office.submit(LINUS)
    await office.pocket.wait_modal(LINUS, contains="Only moderators and administrators")
    await office.pocket.close(LINUS, everything=True)
    await office.pocket.click(LINUS, "request.approve", channel="#general")
    await office.pocket.wait_message(LINUS, "#general", "Only moderators and administrators")
    assert await office.place(MARGARET) is None
    async with office.database.reading() as tx:
        group = await named(tx, TEAM)
        assert group is not None
        assert group.id is not None
        assert [r.state for r in await pending.requests(tx, [group.id])] == [RequestState.PENDING]


async def test_a_click_after_the_decision_is_told_whose_it_was(office: Office) -> None:
    """A list that shows what waited when it was asked for: the copy a later clicker has before them."""
    await office.create(people={"moderators": [LINUS]})
    await office.ask(MARGARET, "join team")
    post_id = await hold(office, "Plans")
    for person in (ADA, LINUS):
        await office.ask(person, "pending")
    await office.pocket.click(ADA, "request.approve", channel="#general")
    await office.pocket.wait_for(lambda: joined(office), what="Margaret to be in")
    await office.pocket.click(LINUS, "request.approve", channel="#general")
    await office.pocket.wait_message(LINUS, "#general", f"Approved by <@{ADA}>")
    await office.pocket.wait_message(LINUS, "#general", "*1 thing waits for you*")  # and the list is redrawn
    await office.pocket.click(ADA, "post.discard", channel="#general")
    await office.pocket.wait_for(lambda: discarded(office, post_id), what="the post to be discarded")
    await office.pocket.click(LINUS, "post.release", channel="#general")
    await office.pocket.wait_message(LINUS, "#general", f"Discarded by <@{ADA}>")
    assert (await state(office, post_id)).value == "discarded"
    async with office.database.reading() as tx:
        verbs = [row.verb for row in (await tx.exec(select(Audit))).all()]
    assert (verbs.count("request.approved"), verbs.count("post.discarded"), verbs.count("post.released")) == (1, 1, 0)


async def joined(office: Office) -> bool:
    return await office.place(MARGARET) is not None


async def test_a_stranger_of_another_workspace_learns_and_changes_nothing(office: Office) -> None:
    await office.create()
    await office.pocket.edit_person(SAM, name="sam", email="sam@else.example", team="T9ELSE", owner=True)
    await office.pocket.join(SAM, "#general")
    assert "people of other workspaces cannot create" in await office.ask(SAM, "create")
    for text in ("list", "show team", "join team at sam@else.example", "settings team", "members team"):
        told = await office.ask(SAM, text)
        assert "People of other workspaces cannot do this" in told, text
        assert "ada" not in told.lower()
    await office.pocket.open_home(SAM)
    home = office.pocket.text(await office.pocket.wait_home(SAM))
    assert "Create a group" not in home
    assert "team" not in home
    for role in ("administrator", "moderator"):
        told = await office.ask(ADA, f"add team @sam as {role}")
        assert "of another workspace and cannot hold rights here" in told
    assert await office.roster() == {ADA: "A"}


async def test_a_moderator_whose_account_went_elsewhere_is_asked_nothing(office: Office) -> None:
    await office.create(people={"moderators": [LINUS]})
    await office.pocket.edit_person(LINUS, team="T9ELSE")
    await office.services.directory.crawl()
    await office.ask(MARGARET, "join team at margaret@home.example a private note")
    async with office.database.reading() as tx:
        cards = select(Placement.target).join(Notice, col(Notice.id) == col(Placement.notice_id))
        targets = (await tx.exec(cards.where(Notice.kind == NoticeKind.REQUEST_CARD))).all()
    assert targets == [ADA]
    assert "Nothing waits for you" in await office.ask(LINUS, "pending")


@BOTH
async def test_an_operators_act_is_audited_as_such_and_an_administrators_is_not(office: Office) -> None:
    await office.create(people={"administrators": [ADA]})
    for person in (GRACE, ADA):
        assert "Added to" in await office.ask(person, f"add team {person.lower()}@example.com")
    async with office.database.reading() as tx:
        rows = (await tx.exec(select(Audit).where(Audit.verb == "membership.added"))).all()
        grace, ada = await persons.by_slack(tx, GRACE), await persons.by_slack(tx, ADA)
    assert grace is not None
    assert ada is not None
    assert [(row.actor, row.as_operator) for row in rows[-2:]] == [(grace.subject, True), (ada.subject, False)]


async def test_people_whom_slack_hides_are_of_elsewhere(office: Office) -> None:
    person = await office.services.directory.acting("U0NOSUCH")
    assert person.stranger
