"""Letters: a row and its delivery in the causing transaction, on the lane their address goes by."""

from __future__ import annotations

import pytest

from store import lanes, letters, queue, workers
from store.engine import Database
from store.schema.letter import Letter
from store.terms import InvalidAddress, Language, LetterKind


async def write(database: Database, address: str, *, by_domain: bool = False) -> int:
    async with database.writing() as tx:
        letter = await letters.write(
            tx, LetterKind.LEAVE_DONE, address, Language.FR, arguments={"group": "g@x.example"}, by_domain=by_domain
        )
    assert letter.id is not None
    return letter.id


async def test_a_letter_is_claimed_like_any_delivery(database: Database) -> None:
    lane_id = await database.bulk(lambda bulk: lanes.ensure(bulk, lanes.RELAY))
    letter_id = await write(database, "Ann@EXAMPLE.org")
    life = await workers.begin(database, "mailbridge")
    [claim] = (await database.bulk(lambda bulk: queue.claim(bulk, life.id, lane_id, 10))).claims
    life.end()
    assert (claim.letter_id, claim.post_id, claim.address) == (letter_id, None, "Ann@example.org")
    async with database.reading() as tx:
        letter = await tx.get(Letter, letter_id)
    assert letter is not None
    assert (letter.language, letter.arguments) == (Language.FR, {"group": "g@x.example"})


async def test_where_mail_goes_straight_it_takes_its_domains_lane(database: Database) -> None:
    await write(database, "ann@example.org", by_domain=True)
    due = (await database.bulk(lambda bulk: queue.lanes_due(bulk, 10))).lanes
    assert [key for _, key in due] == ["mx:example.org"]


@pytest.mark.parametrize("address", ["nobody", "a b@example.org", "a@example.org\r\nBcc: b@example.org"])
async def test_what_is_no_address_gets_none(database: Database, address: str) -> None:
    with pytest.raises(InvalidAddress):
        await write(database, address)
    assert (await database.bulk(lambda bulk: queue.lanes_due(bulk, 10))).lanes == ()
