"""`make bench`: how fast one mail becomes N personal copies, beside what the machine can do at all.

End to end over real sockets: SMTP in, policy, store, expand, rewrite, deliver, a counting sink. smtp-source (of
Debian's postfix) puts as many mails of the same size into the same sink, just before each of ours. Every figure is the
median of the runs. Prints a table and writes `bench.json`. Timings never decide anything: a run fails only if a
contact is missing or has two copies.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench.bridge import BODY_OCTETS, EVERYBODY, WARMING, Bridge
from tests.bench.sinks import ROOT, Kind, free_port, kind

SERIES = ((1_000, False), (10_000, False), (10_000, True))  # contacts, and whether copies are signed (RSA-2048)
RUNS = 5
SOURCE_SESSIONS = 20
COLUMNS = (
    ("contacts", "contacts", "{:,.0f}"),
    ("signed", "signed", "{:.0f}"),
    ("copies/s", "copies_per_second", "{:,.0f}"),
    ("smtp-source/s", "source_per_second", "{:,.0f}"),
    ("ratio", "ratio", "{:.2f}"),
    ("accept ms", "accept_ms", "{:.1f}"),
    ("first copy ms", "first_copy_ms", "{:.1f}"),
    ("wall s", "wall_s", "{:.3f}"),
    ("CPU us/copy", "processor_us_per_copy", "{:.0f}"),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One mail to all contacts. Rates are from the first command in to the last copy taken; `first_copy_ms` is after
    the 250, and below zero if the first copy was there before it was read. None: smtp-source is not installed."""

    contacts: int
    signed: bool
    copies_per_second: float
    source_per_second: float | None
    ratio: float | None
    accept_ms: float
    first_copy_ms: float
    wall_s: float
    processor_us_per_copy: float


def source(sinks: Kind, mails: int) -> float | None:
    """Mails a second from smtp-source into a sink of the same kind; None where it is not installed."""
    program = shutil.which("smtp-source", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        return None
    port = free_port()
    sink = sinks.open(port, mails, distinct=False)
    try:
        options = ["-d", "-s", str(SOURCE_SESSIONS), "-m", str(mails), "-l", str(BODY_OCTETS)]
        people = ["-f", "ada@example.org", "-t", "u@example.net"]
        began = time.monotonic()
        # Its farewells find the sink gone: only what the sink counted matters.
        subprocess.run([program, *options, *people, f"127.0.0.1:{port}"], capture_output=True, check=False)
        return mails / (sink.counted().last_at - began)
    finally:
        sink.close()


def run(bridge: Bridge, sinks: Kind, contacts: int, to: str = EVERYBODY, *, signed: bool = False) -> Run:
    """One mail to all contacts of `to`. Raises RuntimeError unless each has exactly one copy."""
    beside = source(sinks, contacts)
    sink = sinks.open(bridge.hop, contacts, distinct=True)
    try:
        spent = bridge.processor_seconds()
        began, accepted = bridge.submit(to)
        seen = sink.counted()
        bridge.settled()
        spent = bridge.processor_seconds() - spent
    finally:
        sink.close()
    if not seen.recipients == seen.distinct == contacts:
        raise RuntimeError(f"{seen.recipients} copies to {seen.distinct} of {contacts} contacts")
    wall = seen.last_at - began
    return Run(
        contacts=contacts,
        signed=signed,
        copies_per_second=contacts / wall,
        source_per_second=beside,
        ratio=None if beside is None else contacts / wall / beside,
        accept_ms=(accepted - began) * 1000,
        first_copy_ms=(seen.first_at - accepted) * 1000,
        wall_s=wall,
        processor_us_per_copy=spent / contacts * 1e6,
    )


def series(sinks: Kind, contacts: int, *, signed: bool) -> list[Run]:
    """All runs of one size, through one bridge that a first mail has warmed."""
    with tempfile.TemporaryDirectory(prefix="postroom-bench-") as folder:
        bridge = Bridge(Path(folder), contacts, signed=signed)
        try:
            run(bridge, sinks, 1, WARMING)
            return [run(bridge, sinks, contacts, signed=signed) for _ in range(RUNS)]
        finally:
            bridge.close()


def medians(runs: list[Run]) -> dict[str, float | None]:
    """The median of each figure; None where any run has none."""
    rows = [asdict(one) for one in runs]
    return {
        name: None if any(row[name] is None for row in rows) else statistics.median(row[name] for row in rows)
        for name in rows[0]
    }


def table(rows: list[dict[str, float | None]]) -> str:
    """The medians as text, one line a size."""
    cells = [[title for title, _, _ in COLUMNS]]
    for row in rows:
        values = [(row[name], form) for _, name, form in COLUMNS]
        cells.append(["-" if value is None else form.format(value) for value, form in values])
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)


def main() -> None:
    """Measure all sizes, print the table, write `bench.json`."""
    with tempfile.TemporaryDirectory(prefix="postroom-sink-") as folder:
        sinks = kind(Path(folder))
        print(f"Personal copies of a {BODY_OCTETS // 1024} KB mail, SQLite, into {sinks.name}; median of {RUNS}:")
        measured = [series(sinks, contacts, signed=signed) for contacts, signed in SERIES]
    rows = [medians(runs) for runs in measured]
    print(table(rows))
    if rows[0]["source_per_second"] is None:
        print("smtp-source (Debian: postfix) is not installed: there is nothing to stand beside.")
    report = {
        "sink": sinks.name,
        "body_octets": BODY_OCTETS,
        "processors": os.cpu_count(),
        "load": os.getloadavg()[0],
        "medians": rows,
        "runs": [asdict(one) for runs in measured for one in runs],
    }
    (ROOT / "bench.json").write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
