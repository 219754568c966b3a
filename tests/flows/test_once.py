"""One mail to groups that share people and hold each other: everybody has it once, though a bridge of two dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.views.ids import Action
from store import memberships
from store.engine import Database
from store.roster import Entry
from store.terms import Actor, Address, Mode
from tests.flows.town import DOMAIN, PATIENCE, Town, contacts

UNSETTLED = 200


async def nest(database: Database, outer: int | None, *inner: str) -> None:
    entries = [Entry(Address.parse(f"{local}@{DOMAIN}")) for local in inner]
    assert outer is not None
    async with database.writing() as tx:
        await memberships.enrol(tx, outer, entries, contact=True, actor=Actor("system"))


async def test_everybody_has_one_copy_though_a_bridge_dies_between(town: Town, free_port: Callable[[], int]) -> None:
    everybody = contacts(1_500)
    top = await town.group("top", everybody[:100])
    left = await town.group("left", everybody[:900])
    right = await town.group("right", everybody[600:])
    await nest(town.database, top.id, "left", "right")
    await nest(town.database, right.id, "top")
    first, second = (
        await town.bridge(),
        await town.bridge(
            POSTROOM_SMTP_LISTEN=f"127.0.0.1:{free_port()}", POSTROOM_WEB_LISTEN=f"127.0.0.1:{free_port()}"
        ),
    )
    raw = town.mail(top.address)
    # As a mail system does that splits its recipients, and whose way to us is a forwarder's for one of them.
    await asyncio.gather(*(town.submit(group.address, raw) for group in (top, right, left)))
    await town.sink.reaches(500, 90)
    await first.kill()
    assert town.sink.total < len(everybody), "killed too late to tell anything"
    await town.until(town.all_done)
    assert town.sink.recipients == set(everybody)
    assert len(town.sink.taken) == len(everybody)
    assert town.sink.extra <= UNSETTLED
    reports = [await town.report(post.id) for post in await town.posts()]
    assert len(reports) == 3
    # A post whose contacts all had it by the others has relayed none.
    assert sum(report.counts.get("relayed", 0) for report in reports) == len(everybody)
    assert sum(report.counts.get("elsewhere", 0) for report in reports) == 100 + 900 + 900 - len(everybody)
    assert sum(report.remaining for report in reports) == 0
    assert await second.end() == 0


async def test_reports_say_who_had_it_already_and_where_it_went(town: Town) -> None:
    two = contacts(2)
    inner = await town.group("inner", two, mode=Mode.PAUSED)
    secret = await town.group("secret", two, hidden=True, report_channel=None)
    outer = await town.group("outer", [*two, "ada@example.net"])
    await nest(town.database, outer.id, "inner", "secret")
    await town.bridge()
    await town.bot()
    await town.submit(outer.address)

    async def told() -> bool:
        return bool(await town.shown("relayed to 3 of 3"))

    await town.until(told)
    await town.until(town.all_done)

    async def passed() -> bool:
        said = f"Passed on to {inner.address} (held for its moderators), 1 more group."
        return bool(await town.shown(said))

    await town.until(passed)
    assert secret.address not in "".join(await town.shown(""))
    await town.pocket.wait_message("grace", "dm", f"It came through {outer.address}", timeout=PATIENCE)
    await town.pocket.click("grace", Action.POST_RELEASE)

    async def released() -> bool:
        return bool(await town.shown("relayed to 0 of 2 · 2 got it by another group")) and bool(
            await town.shown(f"Passed on to {inner.address}, 1 more group.")
        )

    await town.until(released)
    assert town.sink.recipients == {*two, "ada@example.net"}
    assert town.sink.extra == 0
