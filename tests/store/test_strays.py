"""Strays: what waits on the relay's lane finds its domains' lanes where mail goes straight to MX hosts."""

from __future__ import annotations

from store import lanes, letters, queue, strays
from store.engine import Database
from store.terms import Language, LetterKind


async def test_letters_of_who_does_not_know_the_way_go_by_their_domains(database: Database) -> None:
    for address in ("a@one.example", "b@two.example", "c@one.example"):
        async with database.writing() as tx:
            await letters.write(tx, LetterKind.JOIN_DONE, address, Language.EN, arguments={"group": "g@x.example"})
    lane_id = await database.bulk(lambda bulk: lanes.ensure(bulk, lanes.RELAY))
    assert await database.bulk(lambda bulk: strays.send_on(bulk, lane_id)) == 3
    due = (await database.bulk(lambda bulk: queue.lanes_due(bulk, 10))).lanes
    assert sorted(key for _, key in due) == ["mx:one.example", "mx:two.example"]
    assert await database.bulk(lambda bulk: strays.send_on(bulk, lane_id)) == 0


async def test_some_hundred_at_a_time_and_the_rest_next_time(database: Database) -> None:
    async with database.writing() as tx:
        for number in range(strays.AT_ONCE + 1):
            await letters.write(tx, LetterKind.JOIN_DONE, f"a{number}@one.example", Language.EN)
    lane_id = await database.bulk(lambda bulk: lanes.ensure(bulk, lanes.RELAY))
    assert await database.bulk(lambda bulk: strays.send_on(bulk, lane_id)) == strays.AT_ONCE
    assert lanes.RELAY in {key for _, key in (await database.bulk(lambda bulk: queue.lanes_due(bulk, 10))).lanes}
    assert await database.bulk(lambda bulk: strays.send_on(bulk, lane_id)) == 1
