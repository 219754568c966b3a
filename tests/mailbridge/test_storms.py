"""Posts of which so many copies come back that it says something of us: nobody is blamed, and it is said once."""

from __future__ import annotations

from collections.abc import Sequence

from mailbridge import scoring
from store import bounces
from store.engine import Database
from store.schema.post import Post
from store.terms import BounceReason, NoticeKind
from tests.conftest import Clock
from tests.mailbridge.returning import Scene


async def crowd(database: Database, clock: Clock) -> tuple[Scene, list[str]]:
    names = [f"c{n}" for n in range(60)]
    return await Scene(database, clock).begin(*names), names


async def test_a_post_of_which_more_than_a_tenth_comes_back_is_held_against_nobody(
    database: Database, clock: Clock
) -> None:
    scene, names = await crowd(database, clock)
    post_id = await scene.bounce(*names[:10], reason=BounceReason.USER_UNKNOWN)
    await scene.score()
    assert [await scene.points(name) for name in names[:10]] == [0] * 10
    async with database.reading() as tx:
        post = await tx.get(Post, post_id)
    assert post is not None
    assert post.stormed_at is not None
    assert await scene.told(NoticeKind.BOUNCE_STORM) == [f"UADMIN{scene.group_id}"]
    await scene.score()
    assert await scene.told(NoticeKind.BOUNCE_STORM) == [f"UADMIN{scene.group_id}"]


async def test_a_storm_that_shows_late_takes_back_what_was_counted(database: Database, clock: Clock) -> None:
    scene, names = await crowd(database, clock)
    await scene.days(1, names[0])
    post_id = await scene.post()
    claims = [one for one in await scene.deliver() if one.post_id == post_id]
    by_name = {name: next(one for one in claims if one.membership_id == scene.members[name]) for name in names}

    async def comes_back(some: Sequence[str]) -> None:
        for name in some:
            async with database.writing() as tx:
                assert await bounces.record(tx, by_name[name].id, b"x", reason=BounceReason.USER_UNKNOWN)
        await scene.score()

    await comes_back(names[:5])
    assert [await scene.points(name) for name in names[:5]] == [2, 1, 1, 1, 1]
    await comes_back(names[5:12])
    assert [await scene.points(name) for name in names[:12]] == [1] + [0] * 11
    await comes_back(names[12:13])
    assert await scene.points(names[12]) == 0


async def test_a_wide_refusal_for_what_we_are_alarms_though_it_counts_for_nobody(
    database: Database, clock: Clock
) -> None:
    scene, names = await crowd(database, clock)
    await scene.bounce(*names[:20], reason=BounceReason.AUTHENTICATION)
    await scoring.run(database, by_domain=False)
    assert await scene.told(NoticeKind.BOUNCE_STORM) == [f"UADMIN{scene.group_id}"]
