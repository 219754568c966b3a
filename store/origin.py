"""Origin: what intake found of a message that decides who may stand in From of its copies, and how they are sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Origin:
    """Facts of the moment a message came in, kept with its posts; the defaults are those of posts older than the facts.

    `asks`: the author's domain asks receivers to refuse or set apart what is not aligned with it (RFC 9989 4.7), or
    nobody answered whether it does. `signed`: which of the message's header fields, counted from 0, are DKIM signatures
    that held; `own`: those of them that are aligned with the author. `chain`: the ARC chain's state (RFC 8617 5.2) –
    none, pass, fail or temperror – or "" where nobody looked.
    """

    asks: bool = False
    signed: tuple[int, ...] = ()
    own: tuple[int, ...] = ()
    chain: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"asks": self.asks, "signed": list(self.signed), "own": list(self.own), "chain": self.chain}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        places = {name: tuple(int(at) for at in data.get(name, ())) for name in ("signed", "own")}
        return cls(asks=bool(data.get("asks", False)), chain=str(data.get("chain", "")), **places)
