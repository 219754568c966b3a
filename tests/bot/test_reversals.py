"""Claim, ban, always allow, canned reasons, Undo: clicked on real cards in a pocket workspace."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import col, select

from bot.actions import bans
from bot.views.ids import Action
from store import memberships, persons, phrases, posts, requests, rulings
from store.schema.delivery import Delivery
from store.schema.ruling import Ruling
from store.terms import DeliveryState, PostState, RequestState
from store.word import Subject
from tests.bot.conftest import Office
from tests.bot.test_decisions import ask, card, hold, state_of


def actions(message: dict[str, Any]) -> list[str]:
    return [
        element["action_id"]
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]


async def test_who_looks_at_it_stands_on_every_copy_and_whoever_decides_is_told(office: Office) -> None:
    group = await office.group()
    post_id = await hold(office, group, authenticated=True)
    for person in ("ada", "grace"):
        await card(office, person, "waits for a decision")
    await office.pocket.click("grace", Action.POST_CLAIM)
    for person in ("ada", "grace"):
        assert Action.POST_UNCLAIM in actions(await card(office, person, "<@U0GRACE> is looking at it"))
    await office.pocket.click("ada", Action.POST_RELEASE)
    await card(office, "ada", "It is done. <@U0GRACE> was looking at it as well.")
    assert await state_of(office, post_id) is PostState.ACCEPTED


async def test_a_rejection_with_a_chosen_reason_is_taken_back_by_who_took_it_or_an_administrator(
    office: Office,
) -> None:
    group = await office.group()
    async with office.database.writing() as tx:
        await persons.upsert(tx, persons.Profile("U0EVE", "eve", "eve@else.example", locale="fr-CA"))
    post_id = await hold(office, group, authenticated=True)
    for person in ("ada", "grace"):
        await card(office, person, "waits for a decision")
    await office.pocket.click("ada", Action.POST_REJECT)
    await office.pocket.wait_modal("ada", contains="Only members post to this group")
    assert not (await office.pocket.submit("ada"))["ok"]  # neither chosen nor written
    await office.pocket.fill("ada", {"canned": "members_only"})
    assert (await office.pocket.submit("ada"))["ok"]
    await card(office, "grace", "only then is the letter sent")
    await office.pocket.click("grace", Action.POST_UNDO)
    await card(office, "grace", "Only who decided this, or an administrator of")
    assert await state_of(office, post_id) is PostState.REJECTED
    async with office.database.reading() as tx:
        post = await posts.get(tx, post_id)
    assert post is not None
    assert (
        post.decision_reason == "Seuls les membres écrivent à ce groupe. Abonnez-vous d'abord."
    )  # as its author reads
    await office.pocket.click("ada", Action.POST_UNDO)
    assert Action.POST_RELEASE in actions(await card(office, "grace", "waits for a decision"))
    assert await state_of(office, post_id) is PostState.HELD
    async with office.database.reading() as tx:
        letter = (await tx.exec(select(Delivery).where(col(Delivery.letter_id).is_not(None)))).all()[-1]
        assert group.id is not None
        assert await phrases.last(tx, group.id, Subject.POST) == []  # what the catalogue says need not be kept
    assert letter.state is DeliveryState.SKIPPED


async def test_a_ban_shows_whom_it_means_then_discards_and_both_go_back(office: Office) -> None:
    group = await office.group()
    assert group.id is not None
    async with office.database.writing() as tx:
        await office.enrol(tx, group, "edna@else.example")
    post_id = await hold(office, group)
    await card(office, "ada", "nothing proves that eve@else.example wrote this")
    await office.pocket.click("ada", Action.POST_BAN)
    await office.pocket.wait_modal("ada", contains="Everybody at else.example and below")
    await office.pocket.fill("ada", {"whom": "pattern", "pattern": "(a+)+$"})
    assert not (await office.pocket.submit("ada"))["ok"]
    await office.pocket.fill("ada", {"whom": "pattern", "pattern": "e*@else.example"})
    assert (await office.pocket.submit("ada"))["ok"]
    seen = await office.pocket.wait_modal("ada", contains="It means the author of one post that waits.")
    assert "edna@else.example" in office.pocket.text(seen)
    # Who is on the roster is for administrators; a moderator is told how many it means.
    await office.pocket.click("grace", Action.POST_BAN)
    await office.pocket.wait_modal("grace", contains="Everybody at else.example and below")
    await office.pocket.fill("grace", {"whom": "pattern", "pattern": "e*@else.example"})
    assert (await office.pocket.submit("grace"))["ok"]
    seen = await office.pocket.wait_modal("grace", contains="It means the author of one post that waits.")
    assert "eve@else.example" in office.pocket.text(seen)
    assert "edna@else.example" not in office.pocket.text(seen)
    assert (await office.pocket.submit("ada"))["ok"]
    await card(office, "grace", "Discarded by <@U0ADA>")
    async with office.database.reading() as tx:
        assert (await rulings.word(tx, group.id, ["eve@else.example"])).banned == "e*@else.example"
    await office.pocket.click("ada", Action.POST_UNDO)
    await card(office, "grace", "waits for a decision")
    assert await state_of(office, post_id) is PostState.HELD
    async with office.database.reading() as tx:
        assert not (await rulings.word(tx, group.id, ["eve@else.example"])).banned


@pytest.mark.parametrize("pattern", ["", "homer@else.example", "home*@else.example", "home@else.example"])
@pytest.mark.parametrize("at_home", [False, True])
def test_who_is_banned_is_whom_the_form_showed(pattern: str, at_home: bool) -> None:
    about = " ".join(filter(None, ["post 5", "home" if at_home else "", pattern]))
    assert bans.read(about) == bans.About(Subject.POST, 5, at_home, pattern)


async def test_always_allow_releases_and_is_itself_taken_back(office: Office) -> None:
    group = await office.group()
    post_id = await hold(office, group, authenticated=True)
    await card(office, "ada", "waits for a decision")
    await office.pocket.click("ada", Action.POST_ALWAYS)
    released = await card(office, "ada", "Released by <@U0ADA>")
    assert actions(released) == [Action.POST_STOP, Action.POST_UNDO]
    async with office.database.reading() as tx:
        assert [one.pattern for one in (await tx.exec(select(Ruling))).all()] == ["eve@else.example"]
    await office.pocket.click("ada", Action.POST_UNDO)

    async def lifted() -> bool:
        async with office.database.reading() as tx:
            return (await tx.exec(select(Ruling))).first() is None

    await office.until(lifted)
    await office.pocket.click("ada", Action.POST_STOP)
    await card(office, "ada", "Nothing was left to stop")  # the group has no contacts
    assert await state_of(office, post_id) is PostState.ACCEPTED


async def test_an_approval_taken_back_is_told_to_the_applicant(office: Office) -> None:
    group = await office.group()
    assert group.id is not None
    request_id = await ask(office, group)
    await card(office, "ada", "asks to join")
    await office.pocket.click("ada", Action.REQUEST_APPROVE)
    await card(office, "linus", "You are in")
    await card(office, "ada", "Can be undone until")
    await office.pocket.click("ada", Action.REQUEST_UNDO)
    await card(office, "linus", "was taken back; it waits for its moderators again")
    async with office.database.reading() as tx:
        request = await requests.get(tx, request_id)
        assert request is not None
        assert request.state is RequestState.PENDING
        assert await memberships.find(tx, group.id, key="linus@example.org") is None
