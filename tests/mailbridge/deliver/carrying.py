"""What the tests of connections share: a connection that carried its tray, and outcomes in brief."""

from __future__ import annotations

from mailbridge.deliver.client import Connection, Hop
from mailbridge.deliver.timeouts import Timeouts
from store.terms import DeliveryState, Fault, Stage
from tests.mailbridge.deliver.scripted import ScriptedHop, Tray

RELAYED = (DeliveryState.RELAYED, Stage.DOT, Fault.NOBODY, False)


def to(server: ScriptedHop) -> Hop:
    return Hop("127.0.0.1", server.port, "none", helo="lists.test")


def deferred(stage: Stage, *, uncertain: bool = False) -> tuple[DeliveryState, Stage, Fault, bool]:
    return DeliveryState.DEFERRED, stage, Fault.NOBODY, uncertain


async def carry(server: ScriptedHop, tray: Tray, waits: Timeouts | None = None) -> Connection:
    connection = await Connection.open(to(server), tray, waits=waits or Timeouts())
    await tray.wait()
    return connection
