"""/group reports: a month's figures in words, as a chart and as a table, and as text where Slack refuses those."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import update

from bot.sandbox import limits as others
from bot.views import figures as views
from bot.views import limits
from bot.views.limits import Surface
from store import persons, posts
from store.schema.group import Group
from store.terms import Action as Decided
from store.terms import Decision, Reason
from tests.bot.commands.conftest import ADA, BOTH, LINUS, MARGARET, Office
from tests.bot.commands.test_why import LATER, NO_SUCH, OK, post, settle
from tests.conftest import Clock

HELD = Decision(Decided.HOLD, (Reason("non_member", {"author": "e@e.example", "group": "team"}),))


async def month(office: Office, clock: Clock) -> None:
    """Posts: one long ago, nine that are quiet, one of which copies fail, one that was held and released."""
    await office.create(people={"contacts": [LINUS, MARGARET], "outside": "o@else.example\np@else.example"})
    await post(office, "Long ago")
    clock.advance(31 * 86_400)
    for n in range(9):
        await post(office, f"Quiet {n}", Decision(Decided.DISCARD))
    await post(office, "Lunch <!channel>")
    clock.advance(8)
    outcomes = {"margaret@example.org": OK, "linus@example.org": OK, "o@else.example": NO_SUCH, "p@else.example": LATER}
    await settle(office.database, outcomes)
    held = await post(office, "Held", HELD, "e@e.example")
    clock.advance(150)
    async with office.database.writing() as tx:
        ada = await persons.by_slack(tx, ADA)
        assert ada is not None
        await posts.release(tx, held, persons.actor(ada))
    clock.advance(600)


def newest(messages: list[dict[str, Any]]) -> dict[str, Any]:
    return messages[-1]


@BOTH
async def test_the_month_is_told_in_words_as_a_chart_and_as_a_table(office: Office, clock: Clock) -> None:
    await month(office, clock)
    told = await office.ask(ADA, "reports team")
    for words in (
        "the last 30 days",
        "11 posts: 2 accepted, 9 discarded",
        "4 copies: 2 relayed, 1 deferred, 1 failed",
        "half of the copies within 10 seconds",
        "1 decision on a held post, after 3 minutes",
    ):
        assert words in told, told
    blocks = newest(await office.pocket.messages(ADA, "#general"))["blocks"]
    assert [block["type"] for block in blocks] == ["section", "data_visualization", "data_table", "actions"]
    assert limits.check(Surface.MESSAGE, blocks) == []
    chart, table = blocks[1]["chart"], blocks[2]
    assert [len(one["data"]) for one in chart["series"]] == [10, 10]
    assert sum(point["value"] for point in chart["series"][1]["data"]) == 11
    assert table["caption"].endswith("page 1 of 2")
    assert [cell["text"] for cell in table["rows"][2]][1:] == ["Lunch ‹!channel›", "accepted", "4", "2", "1", "1", "0"]
    await office.pocket.click(ADA, "figures.page#2", channel="#general")
    await office.pocket.wait_message(ADA, "#general", "Previous page")
    assert "Quiet 0" in str(newest(await office.pocket.messages(ADA, "#general"))["blocks"])
    assert "Only moderators and administrators" in await office.ask(LINUS, "reports team")
    async with office.database.writing() as tx:
        await tx.exec(update(Group).values(slack_content="none"))
    await office.ask(ADA, "reports team")
    assert "Lunch" not in str(newest(await office.pocket.messages(ADA, "#general"))["blocks"])


async def test_where_slack_refuses_the_newer_blocks_the_same_is_said_as_text(
    office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await month(office, clock)
    older = others.BLOCKS_ON["message"] - {"data_table", "data_visualization"}
    monkeypatch.setitem(others.BLOCKS_ON, "message", older)
    for _ in range(2):
        told = await office.ask(ADA, "reports team")
        assert "Lunch &lt;!channel&gt; · Decision: accepted · Copies: 4" in told
        assert "Copies 2, Posts 11 ▇" in told
        blocks = newest(await office.pocket.messages(ADA, "#general"))["blocks"]
        assert {block["type"] for block in blocks} == {"section", "actions"}


async def test_a_group_without_posts_says_so(office: Office) -> None:
    await office.create()
    assert "Nothing was posted." in await office.ask(ADA, "reports team")
    assert "page" not in str(newest(await office.pocket.messages(ADA, "#general"))["blocks"])


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "1 second"), (40, "40 seconds"), (61, "2 minutes"), (7200, "2 hours"), (86_401, "2 days")]
)
def test_a_time_is_said_in_its_largest_unit(seconds: int, said: str) -> None:
    assert views.duration("en", seconds) == said
