"""Faults on order: what the Web API and the mail sink are told to do wrong, for how often, and to whom."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

Json = dict[str, Any]
API_FAULTS = ("503", "429", "hang", "lost", "refused")
STAGES = ("ehlo", "mail", "rcpt", "data", "dot")


@dataclass(slots=True)
class Fault:
    """One order. `what` is a kind of API fault or an SMTP reply; `pattern` (shell style) a method or an address.

    `times` None means until it is cleared; `spared` is how many calls go well first; `retry_after` is in seconds,
    for 429.
    """

    what: str
    pattern: str = "*"
    stage: str = ""
    times: int | None = None
    retry_after: int = 1
    spared: int = 0

    def as_page(self) -> Json:
        """The fault as the control API shows it."""
        return {"what": self.what, "pattern": self.pattern, "stage": self.stage, "times": self.times}


class Faults:
    """Orders in force, oldest first; the first that fits is carried out."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []

    def order(self, fault: Fault) -> None:
        """Another order."""
        self._orders.append(fault)

    def clear(self) -> None:
        """All is well again."""
        self._orders.clear()

    def match(self, names: list[str], stage: str = "") -> Fault | None:
        """The order for any of these names (a method; addresses) at this stage, counted down; None when all is well."""
        for fault in self._orders:
            if fault.stage == stage and any(fnmatch(name.lower(), fault.pattern.lower()) for name in names):
                if fault.spared:
                    fault.spared -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._orders.remove(fault)
                return fault
        return None

    def as_page(self) -> list[Json]:
        """All orders in force."""
        return [fault.as_page() for fault in self._orders]
