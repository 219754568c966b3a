"""A lane's connections: opened on demand, opened again, called with patience, drained."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from mailbridge.deliver.client import Connection, Hop
from mailbridge.deliver.pool import Pool, Terms, pools
from mailbridge.deliver.route import Relay, Unroutable
from mailbridge.deliver.timeouts import Timeouts
from mailbridge.resolver import Resolver
from store.terms import DeliveryState, Fault, Outcome, Reply, Stage
from tests.mailbridge.deliver.conftest import HopMaker
from tests.mailbridge.deliver.scripted import DROP, ScriptedHop, Tray, envelope, personal, server_context


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailbridge.deliver.schedule.RECONNECTS", (0.02, 0.04, 0.05))


class Lane:
    """A pool over a tray and some hops, with what it said about failing."""

    def __init__(self, tray: Tray, *hops: ScriptedHop | Hop, connections: int = 3, **terms: object) -> None:
        self.failures: list[Outcome] = []
        self.asked = 0
        self.told = asyncio.Event()
        self._hops = [h if isinstance(h, Hop) else Hop("127.0.0.1", h.port, "none") for h in hops]
        self.pool = Pool(
            "relay", self.hops, tray, self._failed, Terms(connections, **terms), lambda: 0.5  # type: ignore[arg-type]  # by name
        )  # fmt: skip

    async def hops(self) -> list[Hop]:
        self.asked += 1
        return self._hops

    def _failed(self, outcome: Outcome) -> None:
        self.failures.append(outcome)
        self.told.set()


async def test_connections_are_opened_as_there_is_work(hop: HopMaker) -> None:
    server = await hop({"DOT": (0.05, "250 ok")})
    tray = Tray()
    lane = Lane(tray, server)
    tray.put(*personal(1))
    lane.pool.nudge()
    await tray.wait()
    assert lane.pool.connections == 1
    tray.put(*personal(30))
    lane.pool.nudge()
    await tray.wait()
    assert lane.pool.connections == 3
    await lane.pool.drain(5)
    assert (len(server.sessions), len(server.mails)) == (3, 31)
    assert all(session.quit for session in server.sessions)
    assert {outcome.state for outcome in tray.outcomes.values()} == {DeliveryState.RELAYED}


async def test_a_hop_that_takes_so_many_mails_a_connection_loses_none_and_repeats_none(hop: HopMaker) -> None:
    server = await hop({"MAIL": ["250 ok", "250 ok", "250 ok", "421 4.7.0 too many on this connection"] * 20})
    tray = Tray(personal(40))
    lane = Lane(tray, server, connections=1)
    lane.pool.nudge()
    await tray.wait()
    await lane.pool.drain(5)
    assert sorted(server.recipients) == sorted(f"c{n}@example.org" for n in range(40))
    assert {outcome.state for outcome in tray.outcomes.values()} == {DeliveryState.RELAYED}
    assert lane.failures == []


async def test_an_idle_connection_closed_under_the_next_mail_is_replaced(hop: HopMaker) -> None:
    server = await hop({"MAIL": ["250 ok", DROP, "250 ok"]})
    tray = Tray(personal(1))
    lane = Lane(tray, server)
    lane.pool.nudge()
    await tray.wait()
    tray.put(envelope("next@example.org"))
    lane.pool.nudge()
    await tray.wait()
    await lane.pool.drain(5)
    assert server.recipients == ["c0@example.org", "next@example.org"]


async def test_a_mail_that_ends_every_connection_is_given_back(hop: HopMaker) -> None:
    server = await hop({"RCPT": DROP})
    tray = Tray(personal(1))
    lane = Lane(tray, server)
    lane.pool.nudge()
    await tray.wait()
    await lane.pool.drain(5)
    outcome = tray.outcomes["c0@example.org"]
    assert (outcome.state, outcome.fault, outcome.uncertain) == (DeliveryState.DEFERRED, Fault.NOBODY, False)
    assert len(server.sessions) == 2


async def test_an_uncertain_one_is_not_tried_again_at_once(hop: HopMaker) -> None:
    server = await hop({"DOT": DROP})
    tray = Tray(personal(1))
    lane = Lane(tray, server)
    lane.pool.nudge()
    await tray.wait()
    await lane.pool.drain(5)
    assert tray.outcomes["c0@example.org"].uncertain
    assert len(server.sessions) == 1


async def test_the_next_hop_in_order_is_tried(hop: HopMaker, free_port: Callable[[], int]) -> None:
    refusing, good = await hop({"GREETING": "554 5.7.1 no"}), await hop()
    tray = Tray(personal(2))
    lane = Lane(tray, Hop("127.0.0.1", free_port(), "none"), refusing, good, connections=1)
    lane.pool.nudge()
    await tray.wait()
    await lane.pool.drain(5)
    assert len(good.mails) == 2
    assert lane.failures == []


async def test_a_hop_that_is_away_for_a_moment_is_not_told(free_port: Callable[[], int]) -> None:
    port = free_port()
    tray = Tray(personal(2))
    lane = Lane(tray, Hop("127.0.0.1", port, "none"), connections=2)
    lane.pool.nudge()
    while lane.asked < 2:
        await asyncio.sleep(0.005)
    server = await ScriptedHop().start(port=port)
    await tray.wait()
    assert lane.failures == []
    await lane.pool.drain(5)
    await server.stop()


@pytest.mark.parametrize("away", [Fault.US, Fault.NOBODY])
async def test_a_hop_that_stays_away_is_told_without_a_busy_loop(free_port: Callable[[], int], away: Fault) -> None:
    tray = Tray(personal(5))
    lane = Lane(tray, Hop("127.0.0.1", free_port(), "none"), away=away)
    for _ in range(50):
        lane.pool.nudge()
    await asyncio.wait_for(lane.told.wait(), 5)
    assert [(o.state, o.stage, o.fault) for o in lane.failures] == [(DeliveryState.DEFERRED, Stage.CONNECT, away)]
    assert len(tray.waiting) == 5  # it is the feed's to take back
    asked = lane.asked
    for _ in range(200):
        lane.pool.nudge()
    await asyncio.sleep(0)
    assert lane.asked - asked <= 1  # it waits for its timer, however often it is told that there is work
    await lane.pool.drain(1)


@pytest.mark.parametrize(
    ("says", "stage"),
    [({"GREETING": "554 5.7.1 no"}, Stage.CONNECT), ({"EHLO": "550 no", "HELO": "550 no"}, Stage.EHLO)],
)
async def test_a_refusal_of_us_is_told_at_once(hop: HopMaker, says: dict[str, str], stage: Stage) -> None:
    server = await hop(says)
    lane = Lane(Tray(personal(1)), server)
    lane.pool.nudge()
    await asyncio.wait_for(lane.told.wait(), 5)
    assert [(o.stage, o.fault) for o in lane.failures] == [(stage, Fault.US)]
    assert len(server.sessions) == 1
    await lane.pool.drain(1)


async def test_too_many_connections_leaves_those_there_are(hop: HopMaker) -> None:
    server = await hop({
        "GREETING": ["220 hop", "421 4.7.0 too many connections"], "DOT": (0.02, "250 ok"),
    })  # fmt: skip
    tray = Tray(personal(20))
    lane = Lane(tray, server)
    lane.pool.nudge()
    await tray.wait()
    await lane.pool.drain(5)
    assert lane.failures == []
    assert len(server.mails) == 20


async def test_a_connection_that_closes_with_nothing_done_is_not_opened_in_a_loop(hop: HopMaker) -> None:
    server = await hop({"MAIL": DROP})
    tray = Tray(personal(50))
    lane = Lane(tray, server, connections=1)
    lane.pool.nudge()
    await asyncio.wait_for(lane.told.wait(), 5)
    assert len(server.sessions) == 3
    await lane.pool.drain(1)


async def test_a_hop_that_closes_idle_connections_is_not_away(hop: HopMaker) -> None:
    server = await hop({"RCPT": "550 5.1.1 nobody", "DATA": ("554 5.5.1 nobody", 0.02, DROP)})
    tray = Tray()
    lane = Lane(tray, server)
    for number in range(6):
        tray.put(envelope(f"{number}@example.org"))
        lane.pool.nudge()
        await tray.wait()
        while lane.pool.connections:
            await asyncio.sleep(0.005)
    assert {outcome.state for outcome in tray.outcomes.values()} == {DeliveryState.FAILED}
    assert len(server.sessions) == 6
    assert lane.failures == []
    await lane.pool.drain(1)


async def test_broken_tls_falls_back_only_where_it_is_opportunistic(hop: HopMaker) -> None:
    server = await hop({"EHLO": "250-hop\r\n250 STARTTLS", "STARTTLS": ("220 ready", b"nonsense\r\n")})
    tray = Tray(personal(1))
    lane = Lane(tray, Hop("127.0.0.1", server.port, "opportunistic"))
    lane.pool.nudge()
    await tray.wait()
    assert [session.secure for session in server.sessions] == [False, False]
    assert len(server.mails) == 1
    await lane.pool.drain(1)

    strict = Lane(Tray(personal(1)), Hop("127.0.0.1", server.port, "required"))
    strict.pool.nudge()
    await asyncio.wait_for(strict.told.wait(), 5)
    assert len(server.mails) == 1
    await strict.pool.drain(1)


async def test_a_domain_that_takes_no_mail_fails_what_waits() -> None:
    tray = Tray(personal(3))
    lane = Lane(tray)

    async def nowhere() -> list[Hop]:
        raise Unroutable(Reply(556, "5.1.10", "null MX"), Fault.RECIPIENT)

    lane.pool._hops = nowhere
    lane.pool.nudge()
    await tray.wait()
    assert {(o.state, o.fault, o.reply.code) for o in tray.outcomes.values()} == {
        (DeliveryState.FAILED, Fault.RECIPIENT, 556)
    }
    await lane.pool.drain(1)


async def test_dns_that_does_not_answer_defers() -> None:
    tray = Tray(personal(3))
    lane = Lane(tray, away=Fault.NOBODY)

    async def unknown() -> list[Hop]:
        raise Unroutable(Reply(451, "4.4.3", "no answer"), Fault.NOBODY)

    lane.pool._hops = unknown
    lane.pool.nudge()
    await asyncio.wait_for(lane.told.wait(), 5)
    assert lane.failures[0].fault is Fault.NOBODY
    await lane.pool.drain(1)


async def test_drain_gives_everything_back_within_its_grace(hop: HopMaker) -> None:
    server = await hop({"DOT": "hang"})
    tray = Tray(personal(9))
    lane = Lane(tray, server)
    lane.pool.nudge()
    while len(server.sessions) < 3 or not all("DATA" in s.commands for s in server.sessions):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    await asyncio.wait_for(lane.pool.drain(0.2), 5)
    assert len(tray.returned) + len(tray.waiting) == 9
    assert sum(outcome.uncertain for outcome in tray.outcomes.values()) == 3
    lane.pool.nudge()  # of no use any more, and harmless
    assert lane.pool.connections == 0


async def test_drain_ends_an_opening(hop: HopMaker) -> None:
    server = await hop({"GREETING": "hang"})
    tray = Tray(personal(2))
    lane = Lane(tray, server)
    lane.pool.nudge()
    while not server.sessions:
        await asyncio.sleep(0.01)
    await asyncio.wait_for(lane.pool.drain(5), 1)
    assert len(tray.waiting) == 2


async def test_a_fault_of_the_program_is_a_failure_like_others(
    hop: HopMaker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(*_: object, **__: object) -> Connection:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Connection, "open", broken)
    lane = Lane(Tray(personal(1)), await hop())
    lane.pool.nudge()
    await asyncio.wait_for(lane.told.wait(), 5)
    assert lane.failures[0].state is DeliveryState.DEFERRED
    await lane.pool.drain(1)


async def test_pools_are_made_from_the_route(hop: HopMaker) -> None:
    server = await hop({"EHLO": ["250-hop\r\n250 STARTTLS", "250 hop"]})
    server.tls = server_context()
    tray = Tray(personal(2))
    make = pools(
        Relay("127.0.0.1", server.port, "opportunistic", connections=1), Resolver(["127.0.0.1:9"]), helo="lists.test",
        random=lambda: 0.5, waits=Timeouts(),
    )  # fmt: skip
    pool = make("relay", tray, lambda outcome: None)
    pool.nudge()
    await tray.wait()
    await pool.drain(5)
    assert server.sessions[0].commands[0] == "EHLO lists.test"
    assert server.sessions[0].secure
