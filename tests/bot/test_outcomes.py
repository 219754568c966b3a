"""Every copy of a post as a table and as a file, sent to administrators alone; and the deferred ones tried at once."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

from sqlmodel import col, select, update

from bot.sandbox.people import BOT_USER
from bot.views import limits, outcomes
from bot.views.ids import Action
from bot.views.limits import Surface
from store import lanes, memberships, queue, workers
from store.engine import Database
from store.outcomes import all_of, count, hasten, page
from store.roster import Entry
from store.schema.delivery import Delivery
from store.schema.post import Post
from store.terms import Action as Decided
from store.terms import Decision, DeliveryState
from tests.bot.conftest import SYSTEM, Office
from tests.bot.test_why import bring
from tests.conftest import Clock
from tests.store.test_queue import LATER, OK, claim, expand_all, make_post, relay, settle


async def test_deferred_copies_are_due_now_and_the_lane_waits_as_it_did(database: Database, clock: Clock) -> None:
    lane_id = await relay(database)
    post_id = await database.bulk(lambda bulk: make_post(bulk, 5))
    await expand_all(database, post_id)
    life = await workers.begin(database, "mailbridge")
    await settle(database, life.id, await claim(database, life.id, lane_id, 3), LATER)
    await settle(database, life.id, await claim(database, life.id, lane_id, 2), OK)
    assert await claim(database, life.id, lane_id, 5) == ()
    async with database.reading() as tx:
        assert await count(tx, post_id) == 5
        [first, second] = await page(tx, post_id, limit=2, offset=2)
    assert (first.state, first.reply, first.due_at) == (
        DeliveryState.DEFERRED, "450 4.2.0 later", clock() + timedelta(minutes=5),
    )  # fmt: skip
    assert (second.state, second.due_at, second.attempts) == (DeliveryState.RELAYED, None, 1)
    assert [one.address async for some in all_of(database, post_id) for one in some] == [
        f"c{n}@d{n % 3}.example.org" for n in range(5)
    ]
    async with database.writing() as tx:
        assert await hasten(tx, post_id, SYSTEM) == 3
    async with database.writing() as tx:
        assert await hasten(tx, post_id, SYSTEM) == 0
    # A fault of ours keeps the lane waiting, whoever is in a hurry.
    until = clock() + timedelta(minutes=1)
    await database.bulk(lambda bulk: lanes.wait(bulk, lane_id, until, {"reply": "535 no", "tries": 1}))
    assert await claim(database, life.id, lane_id, 5) == ()
    clock.advance(61)
    assert len(await claim(database, life.id, lane_id, 5)) == 1  # one goes ahead
    life.end()


async def test_a_stalled_post_is_left_to_its_alarm(database: Database, clock: Clock) -> None:
    lane_id = await relay(database)
    post_id = await database.bulk(lambda bulk: make_post(bulk, 2))
    await expand_all(database, post_id)
    life = await workers.begin(database, "mailbridge")
    await settle(database, life.id, await claim(database, life.id, lane_id, 2), LATER)
    life.end()
    async with database.writing() as tx:
        await tx.exec(update(Post).values(stalled={"reply": "554 no"}))
        assert await hasten(tx, post_id, SYSTEM) == 0


async def test_administrators_get_table_and_file_by_direct_message(office: Office) -> None:
    group = await office.group(report_channel="C0REPORTS")
    async with office.database.writing() as tx:
        await office.enrol(tx, group, *(f"c{n}@else.example" for n in range(60)), "=cmd@else.example")
    post_id = await bring(office, group, Decision(Decided.ACCEPT))
    life = await workers.begin(office.database, "mailbridge")
    lane_id = await office.database.bulk(lambda bulk: lanes.ensure(bulk, lanes.RELAY))
    claims = (await office.database.bulk(lambda bulk: queue.claim(bulk, life.id, lane_id, 3))).claims
    later = office.database.clock() + timedelta(minutes=5)
    results = [queue.Result(one, LATER, later) for one in claims]
    await office.database.bulk(lambda bulk: queue.settle(bulk, life.id, results))
    life.end()
    await office.pocket.wait_message("ada", "#reports", "a post to")
    await office.pocket.click("ada", Action.REPORT_DETAILS, channel="#reports")
    await office.pocket.wait_modal("ada", contains="Delivery details")
    await office.pocket.click("ada", Action.REPORT_TABLE)
    first = await office.pocket.wait_message("ada", "dm", "page 1 of 2")
    assert limits.check(Surface.MESSAGE, first["blocks"]) == []
    table = next(block for block in first["blocks"] if block["type"] == "data_table")
    assert len(table["rows"]) == outcomes.COPIES_A_PAGE + 1
    assert [cell["text"] for cell in table["rows"][1]][:2] == ["c0@else.example", "deferred"]
    await office.pocket.click("ada", f"{Action.OUTCOMES_PAGE}#2", channel="dm")
    second = await office.pocket.wait_message("ada", "dm", "page 2 of 2")
    assert second["ts"] == first["ts"]
    await office.pocket.wait_modal("ada", contains="only you should see")
    await office.pocket.close("ada")
    await office.pocket.click("ada", Action.REPORT_FILE)
    await office.pocket.wait_message("ada", "dm", "The outcomes of 61 copies")
    await office.pocket.wait_modal("ada", contains="only you should see")
    await office.pocket.close("ada")
    await office.pocket.click("ada", Action.REPORT_HASTEN)
    await office.pocket.wait_modal("ada", contains="3 deferred copies are tried at once")

    async def due() -> bool:
        deferred = select(Delivery.due_at).where(col(Delivery.state) == DeliveryState.DEFERRED)
        async with office.database.reading() as tx:
            return all(at < later for at in (await tx.exec(deferred)).all())

    await office.until(due)
    assert office.sandbox.workspace is not None
    [shared] = [one for one in office.sandbox.workspace.files.of(BOT_USER) if one.name == f"post-{post_id}-team.csv"]
    assert shared.content is not None
    rows = list(csv.reader(io.StringIO(shared.content.decode("utf-8-sig"))))
    assert [len(row) for row in rows] == [7] * 62
    assert rows[1][:2] == ["c0@else.example", "deferred"]
    assert rows[-1][0] == "'=cmd@else.example"


async def test_who_administers_no_more_gets_nothing_though_the_details_stand_open(office: Office) -> None:
    group = await office.group(report_channel="C0REPORTS")
    linus = await office.person("linus")
    assert group.id is not None
    async with office.database.writing() as tx:
        await office.enrol(tx, group, "c@else.example")
        entries = [Entry(None, linus.id, "Linus")]
        await memberships.enrol(tx, group.id, entries, administrator=True, actor=SYSTEM)
    await bring(office, group, Decision(Decided.ACCEPT))
    await office.pocket.join("linus", "#reports")
    await office.pocket.wait_message("linus", "#reports", "a post to")
    await office.pocket.click("linus", Action.REPORT_DETAILS, channel="#reports")
    await office.pocket.wait_modal("linus", contains="Delivery details")
    async with office.database.writing() as tx:
        row = await memberships.find(tx, group.id, person_id=linus.id)
        assert row is not None
        await memberships.withdraw_flags(tx, group.id, [row.id or 0], actor=SYSTEM, administrator=True)
    for action in (Action.REPORT_FILE, Action.REPORT_TABLE):
        await office.pocket.click("linus", action)
        await office.pocket.wait_modal("linus", contains="Only administrators of")
        await office.pocket.close("linus")
    assert "c@else.example" not in str(await office.pocket.state("linus"))
