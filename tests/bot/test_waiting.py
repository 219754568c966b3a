"""What waits for a decision, as its moderators see it in a real (pocket) workspace: cards, reminders, the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from bot.views.ids import Action
from mailbridge import keeping
from store import held, ladder, outbox, posts
from store.engine import Writing
from store.hours import Hours
from store.ladder import Rung
from store.locks import DatabaseBusy
from store.marks import UNMARKED, Marks
from store.posts import NewMessage, Submission
from store.schema.group import Group
from store.schema.notice import Notice
from store.schema.request import Request
from store.terms import Action as Decided
from store.terms import Actor, Decision, NoticeKind, PostState, Reason, Standing
from tests.bot.conftest import SYSTEM, Office

RAW = b"From: Eve <eve@else.example>\r\nSubject: Lunch <!channel>\r\n\r\nunsubscribe\r\n"
ALWAYS = Hours.parse("always")
AGAIN = "still waits for a decision"


async def hold(office: Office, group: Group, n: int = 1, *names: str, marks: Marks = UNMARKED, of: str = "eve") -> int:
    """A post of Eve's waits, for these reasons; gives it."""
    assert group.id is not None
    message = NewMessage(
        raw=RAW, public_id=f"p{n}", return_path="eve@else.example", author=f"{of}@else.example", author_name="Eve",
        subject=f"Lunch {n} <!channel>", verdict="relay_none",
    )  # fmt: skip
    values = {"author": "eve@else.example", "group": group.address, "count": str(marks.recipients)}
    decision = Decision(Decided.HOLD, tuple(Reason(name, values) for name in names or ("non_member",)))
    async with office.database.writing() as tx:
        one = Submission(group.id, Standing.STRANGER, decision, f"f{n}", marks)
        submitted = await posts.submit(tx, message, [one])
    assert submitted.posts[0].id is not None
    return submitted.posts[0].id


async def let_pass(office: Office, group: Group, rung: Rung = Rung.AGAIN, **time: float) -> None:
    """So long ago all that waits was held, and this is how it is reminded of next: the clock of a running bot cannot be
    turned."""
    assert group.id is not None
    async with office.database.writing() as tx:
        for post in await posts.waiting(tx, [group.id]):
            assert post.expires_at is not None
            post.created_at -= timedelta(**time)
            post.expires_at -= timedelta(**time)
            post.remind_at = post.remind_at and post.remind_at - timedelta(**time)
            post.rung = ladder.RUNGS.index(rung)
            tx.add(post)


async def messages(office: Office, text: str, person: str = "ada", channel: str = "dm") -> list[str]:
    shown = [office.pocket.text(message) for message in await office.pocket.messages(person, channel)]
    return [one for one in shown if text in one]


async def test_the_card_says_every_reason_and_what_is_known(office: Office) -> None:
    group = await office.group()
    marks = Marks(recipients=12, unnamed=True, command="leave", spam=True, score="7.2")
    await hold(office, group, 1)
    names = ("non_member", "too_many_recipients", "unnamed", "command_leave", "spam")
    await hold(office, group, 2, *names, marks=marks)
    text = office.pocket.text(await office.pocket.wait_message("grace", "dm", "Lunch 2"))
    for said in (
        "eve@else.example is not a member of",
        "12 people at once",
        "blind copy (Bcc)",
        "The link in each of the group's messages does that",
        "Your mail relay takes it for spam.",
        "Spam score 7.2",
        "12 recipients in To and Cc",
        "2 posts of this author wait",
        "Held until <!date^",
    ):
        assert said in text, said


async def test_a_single_post_is_shown_again_with_its_buttons_and_withdrawn_once_decided(office: Office) -> None:
    group = await office.group()
    await hold(office, group)
    await office.pocket.wait_message("ada", "dm", "waits for a decision")
    await let_pass(office, group, hours=24)
    assert await keeping.remind(office.database, hours=ALWAYS) == 1
    for person in ("ada", "grace"):
        again = await office.pocket.wait_message(person, "dm", AGAIN)
        assert "Lunch 1 &lt;!channel&gt;" in office.pocket.text(again)
    assert (await office.pocket.click("ada", Action.POST_DISCARD, channel="dm"))["ok"]
    for person in ("ada", "grace"):
        await office.pocket.wait_message(person, "dm", "what this reminder named was decided")
        assert await messages(office, AGAIN, person) == []
        await office.pocket.wait_message(person, "dm", "Discarded by <@U0ADA>")  # the card is redrawn beside


async def test_many_posts_make_one_reminder_that_counts_them_and_shows_them_to_who_asks(office: Office) -> None:
    group = await office.group(moderation_channel="C0MODERATORS")
    for n in range(9):
        await hold(office, group, n)
    await let_pass(office, group, hours=30)
    assert await keeping.remind(office.database, hours=ALWAYS) == 9
    await office.pocket.wait_message("ada", "#moderators", "9 posts to *team@groups.example.org* still wait")
    await office.quiet()
    await office.pocket.click("ada", Action.PENDING_PAGE, channel="#moderators")
    shown = await office.pocket.wait_message("ada", "#moderators", "Lunch 3")
    assert len(await messages(office, "9 posts to", "ada", "#moderators")) == 1  # it stays as it is
    assert shown is not None
    assert group.id is not None
    async with office.database.reading() as tx:
        first, *_ = await posts.waiting(tx, [group.id])
    assert first.id is not None
    async with office.database.writing() as tx:
        await posts.discard(tx, first.id, SYSTEM)
    await office.pocket.wait_message("ada", "#moderators", "8 posts to *team@groups.example.org* still wait")


async def test_a_post_that_expires_says_so_on_its_card_and_takes_no_click(office: Office) -> None:
    group = await office.group()
    post_id = await hold(office, group)
    await office.pocket.wait_message("ada", "dm", "waits for a decision")
    await let_pass(office, group, days=7)
    assert await keeping.expire(office.database, by_domain=False) == 1
    redrawn = await office.pocket.wait_message("ada", "dm", "Nobody decided in time; the post expired")
    assert not any(block["type"] == "actions" for block in redrawn["blocks"])
    assert "Held until" not in office.pocket.text(redrawn)
    async with office.database.reading() as tx:
        post = await posts.get(tx, post_id)
    assert post is not None
    assert post.state is PostState.EXPIRED


async def test_what_ends_while_the_bot_is_away_is_said_as_it_is_and_not_reminded_of(office: Office) -> None:
    group = await office.group()
    await office.end()
    await hold(office, group)
    await let_pass(office, group, hours=25)
    assert await keeping.remind(office.database, hours=ALWAYS) == 1
    await let_pass(office, group, days=6)
    assert await keeping.expire(office.database, by_domain=False) == 1
    await office.start()
    await office.pocket.wait_message("ada", "dm", "the post expired")
    await office.quiet()
    assert await messages(office, AGAIN) == []
    assert await messages(office, "reminder") == []
    async with office.database.reading() as tx:
        rows = (await tx.exec(select(Notice))).all()
        notices = [row for row in rows if row.kind is NoticeKind.HELD_REMINDER]
        copies = [await outbox.placements(tx, NoticeKind.HELD_REMINDER, notice.subject_id) for notice in notices]
    assert [copy.error for one in copies for copy in one] == ["", ""]


async def test_a_group_that_can_hold_no_more_says_what_to_do(office: Office) -> None:
    group = await office.group(moderation_channel="C0MODERATORS")
    assert group.id is not None
    await hold(office, group)
    async with office.database.writing() as tx:
        assert await held.tell_full(tx, group.id)
        assert not await held.tell_full(tx, group.id)
    found = await office.pocket.wait_message("ada", "#moderators", "No more posts to *team@groups.example.org*")
    assert "its senders try again" in office.pocket.text(found)


async def test_who_may_decide_is_named_in_the_cards_thread_then_administrators_hear_by_dm(office: Office) -> None:
    group = await office.group(moderation_channel="C0MODERATORS")
    await hold(office, group)
    card = await office.pocket.wait_message("grace", "#moderators", "waits for a decision")
    await office.quiet()
    await let_pass(office, group, Rung.MENTION, hours=5)
    assert await keeping.remind(office.database, hours=ALWAYS) == 1
    named = await office.pocket.wait_message("grace", "#moderators", AGAIN)
    assert named["thread_ts"] == card["ts"]
    assert office.pocket.text(named).startswith("<@U0ADA> <@U0GRACE> A post to")
    await let_pass(office, group, Rung.PEOPLE, hours=24)
    assert await keeping.remind(office.database, hours=ALWAYS) == 1
    again = await office.pocket.wait_message("ada", "dm", AGAIN)
    assert "Lunch 1" in office.pocket.text(again)
    await office.quiet()
    assert await messages(office, AGAIN, "grace") == []
    assert await messages(office, AGAIN, "ada", "#moderators") == []  # overtaken
    assert (await office.pocket.click("ada", Action.POST_DISCARD, channel="dm"))["ok"]
    await office.pocket.wait_message("grace", "#moderators", "Discarded by <@U0ADA>")


async def test_a_request_is_reminded_of_and_expires_and_its_applicant_hears(office: Office) -> None:
    group = await office.group(moderation_channel="C0MODERATORS")
    await office.pocket.command("linus", "#general", f"/group join {group.address}")
    card = await office.pocket.wait_message("grace", "#moderators", "asks to join")
    await office.quiet()
    await set_back(office, hours=5)
    assert await keeping.remind(office.database, hours=ALWAYS) == 1
    named = await office.pocket.wait_message("grace", "#moderators", "A request about")
    assert named["thread_ts"] == card["ts"]
    await set_back(office, days=14)
    assert await keeping.expire_requests(office.database) == 1
    assert await keeping.expire_requests(office.database) == 0
    await office.pocket.wait_message("linus", "dm", "Nobody decided on your request to join")
    redrawn = await office.pocket.wait_message("grace", "#moderators", "the request expired")
    assert not any(block["type"] == "actions" for block in redrawn["blocks"])


async def set_back(office: Office, **time: float) -> None:
    async with office.database.writing() as tx:
        for request in (await tx.exec(select(Request))).all():
            assert request.expires_at is not None
            request.expires_at -= timedelta(**time)
            request.remind_at = request.remind_at and request.remind_at - timedelta(**time)
            tx.add(request)


async def test_beyond_ten_in_an_hour_one_card_grows_and_is_discarded_at_once(office: Office) -> None:
    group = await office.group(moderation_channel="C0MODERATORS")
    for n in range(13):
        await hold(office, group, n, of="eve" if n > 6 else "mallory")
    await office.pocket.wait_message("grace", "#moderators", "3 more posts to *team@groups.example.org* were held")
    await office.quiet()
    assert len(await messages(office, "Held until", "grace", "#moderators")) == 10
    shown = await office.pocket.wait_message("grace", "#moderators", "3 wait")
    assert "eve@else.example: Lunch 12 &lt;!channel&gt;" in office.pocket.text(shown)
    assert group.id is not None
    assert (await office.pocket.click("grace", Action.FLOOD_DISCARD, channel="#moderators"))["ok"]
    redrawn = await office.pocket.wait_message("grace", "#moderators", "3 discarded")
    assert not any(block["type"] == "actions" for block in redrawn["blocks"])
    async with office.database.reading() as tx:
        assert len(await posts.waiting(tx, [group.id])) == 10


async def test_several_are_decided_at_once_each_by_the_first_click(office: Office) -> None:
    group = await office.group(moderation_channel="C0MODERATORS")
    made = [await hold(office, group, n) for n in range(4)]
    await office.pocket.command("linus", "#general", f"/group join {group.address}")
    await office.pocket.wait_message("grace", "#moderators", "asks to join")
    await office.pocket.command("grace", "#general", "/group pending")
    await office.pocket.wait_message("grace", "#general", "5 things wait for you")
    assert (await office.pocket.click("grace", Action.PENDING_SEVERAL, channel="#general"))["ok"]
    view = await office.pocket.wait_modal("grace", contains="Tick what you want")
    boxes = [option["value"] for block in view["blocks"] if block["type"] == "input" for option in options(block)]
    assert boxes == ["r1", *(f"p{post_id}" for post_id in made), "yes", "no"]
    async with office.database.writing() as tx:
        await posts.discard(tx, made[0], SYSTEM)
    await office.pocket.fill("grace", {"chosen0": boxes[:3], "decision": "yes"})
    assert (await office.pocket.submit("grace"))["ok"]
    text = office.pocket.text(await office.pocket.wait_modal("grace", contains="1 request was approved."))
    for told in ("1 request was approved.", "1 post goes out.", "On 1, somebody was faster."):
        assert told in text
    async with office.database.reading() as tx:
        states = [post.state for post_id in made if (post := await posts.get(tx, post_id))]
    assert states == [PostState.DISCARDED, PostState.ACCEPTED, PostState.HELD, PostState.HELD]


async def test_what_was_decided_before_the_database_was_busy_is_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await office.group()
    made = [await hold(office, group, n) for n in range(3)]
    release = posts.release

    async def busy(tx: Writing, post_id: int, actor: Actor) -> posts.Decided:
        if post_id == made[1]:
            raise DatabaseBusy("somebody else writes")
        return await release(tx, post_id, actor)

    monkeypatch.setattr(posts, "release", busy)
    await office.pocket.command("grace", "#general", "/group pending")
    await office.pocket.wait_message("grace", "#general", "3 things wait for you")
    assert (await office.pocket.click("grace", Action.PENDING_SEVERAL, channel="#general"))["ok"]
    await office.pocket.wait_modal("grace", contains="Tick what you want")
    await office.pocket.fill("grace", {"chosen0": [f"p{post_id}" for post_id in made], "decision": "yes"})
    assert (await office.pocket.submit("grace"))["ok"]
    text = office.pocket.text(await office.pocket.wait_modal("grace", contains="1 post goes out."))
    assert "2 wait on, for the database is busy at the moment." in text


def options(block: dict[str, Any]) -> list[dict[str, Any]]:
    return list(block["element"].get("options", ()))
