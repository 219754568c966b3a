"""How long a connection waits for what (RFC 5321 4.5.3.2). All in seconds."""

from __future__ import annotations

from dataclasses import dataclass

from store.terms import Stage


@dataclass(frozen=True, slots=True)
class Timeouts:
    """The waits; `dot` is the one that makes duplicates when it is short. `idle` is ours: QUIT when nothing came."""

    connect: float = 30.0
    greeting: float = 300.0  # 4.5.3.2.1
    hello: float = 300.0
    handshake: float = 60.0
    auth: float = 300.0
    mail: float = 300.0  # 4.5.3.2.2
    rcpt: float = 300.0  # 4.5.3.2.3
    data: float = 120.0  # 4.5.3.2.4
    block: float = 180.0  # 4.5.3.2.5: for each piece of the content to go out
    dot: float = 600.0  # 4.5.3.2.6
    quit: float = 10.0
    idle: float = 55.0

    def of(self, stage: Stage | None) -> float:
        """The wait for a reply of that stage in a transaction; without a stage, for content to go out."""
        return {Stage.MAIL: self.mail, Stage.RCPT: self.rcpt, Stage.DATA: self.data, Stage.DOT: self.dot}.get(
            stage or Stage.CONNECT, self.block
        )

    @property
    def tick(self) -> float:
        """How often a connection looks at the clock: a timer for each reply would cost more than the reply."""
        return min(self.mail, self.rcpt, self.data, self.block, self.dot, self.quit, self.idle) / 4
