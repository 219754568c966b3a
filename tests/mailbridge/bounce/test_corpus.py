"""Bounces nobody here wrote: how many are found, how often hard and soft agree, and what must not be taken for one."""

from __future__ import annotations

import email
import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest
from flufl.bounce import all_failures

from mailbridge.bounce.parse import Kind, Report, read

CORPORA = Path(os.environ.get("POSTROOM_CORPORA", "../shared/corpora"))
pytestmark = pytest.mark.skipif(not CORPORA.is_dir(), reason="the corpora are not here: set POSTROOM_CORPORA")
NOT_BOUNCES = {"vacation": Kind.AUTOREPLY, "feedback": Kind.COMPLAINT, "delivered": Kind.DELIVERED}
TROUBLE = (Kind.BOUNCE, Kind.DELAY)  # a delay is found as one, and has no effect


def verdicts() -> dict[str, list[dict[str, str | bool]]]:
    found: dict[str, list[dict[str, str | bool]]] = json.loads((CORPORA / "sisimai" / "expected.json").read_text())
    return found


def report(path: Path) -> Report:
    """What a file is; with line ends as on the wire it must be the same."""
    raw = path.read_bytes()
    found = read(raw)
    assert found.kind is read(re.sub(rb"\r?\n", b"\r\n", raw)).kind, path.name
    return found


def test_sisimais_bounces() -> None:
    found, missed, agreed, compared = Counter[Kind](), [], 0, 0
    for name, expected in verdicts().items():
        if expected[0]["reason"] in NOT_BOUNCES:
            continue
        told = report(CORPORA / "sisimai" / name)
        found[told.kind] += 1
        if told.kind not in TROUBLE:
            missed.append(name)
            continue
        # Where the numbers differ (one of three is only delayed), the first is compared.
        pairs = zip(expected, told.failures, strict=False)
        for verdict, failure in list(pairs)[: len(expected) if len(expected) == len(told.failures) else 1]:
            compared += 1
            agreed += failure.hard is verdict["hard"]
    total = found.total()
    share, agreement = 1 - len(missed) / total, agreed / compared
    print(f"sisimai: {share:.1%} of {total} found ({dict(found)}), missed {missed}")
    print(f"sisimai: hard or soft as theirs in {agreed} of {compared}, {agreement:.1%}")
    assert total == 258
    assert share >= 0.97
    assert agreement >= 0.95
    assert found[Kind.DELAY] < 10  # what they call delayed too


def test_what_is_no_bounce_is_taken_for_none() -> None:
    kinds = {
        name: (report(CORPORA / "sisimai" / name).kind, expected[0]["reason"])
        for name, expected in verdicts().items()
        if expected[0]["reason"] in NOT_BOUNCES
    }
    print(f"sisimai: {len(kinds)} vacations, complaints and successes, none taken for a bounce")
    assert len(kinds) == 9
    assert {name: kind for name, (kind, _) in kinds.items() if kind in TROUBLE} == {}
    # SNS mails two of them as JSON, in a form of its own.
    wrong = [name for name, (kind, reason) in kinds.items() if kind is not NOT_BOUNCES[str(reason)]]
    assert len(wrong) <= 2
    assert all(report(CORPORA / "sisimai" / name).kind is Kind.OTHER for name in wrong)


def test_flufls_bounces() -> None:
    """Each that flufl.bounce itself takes for one; that they are written for its detectors makes it the yardstick."""
    total, missed, more = 0, [], []
    for path in sorted((CORPORA / "flufl-bounce").glob("*.txt")):
        raw = re.sub(rb"\AFrom .*\n", b"", path.read_bytes())
        bounces = any(all_failures(email.message_from_bytes(raw)))
        told = report(path).kind in TROUBLE
        total += bounces
        if bounces and not told:
            missed.append(path.name)
        if told and not bounces:
            more.append(path.name)
    print(f"flufl.bounce: {1 - len(missed) / total:.1%} of {total} found, missed {missed}; beyond it {more}")
    assert total >= 110
    assert 1 - len(missed) / total >= 0.97
    # What it leaves out and a reader would not: an error report without an address, and two notices in its blind spot.
    assert len(more) <= 3


@pytest.mark.parametrize(
    ("folder", "bounces"), [("sisimai-not", 0), ("mail-parser", 0), ("mikel-mail", 3), ("mime4j", 1)]
)
def test_ordinary_mail_is_no_bounce(folder: str, bounces: int) -> None:
    """The bounces among these are ones: Mail's and mime4j's test data hold real reports."""
    paths = [path for path in sorted((CORPORA / folder).rglob("*")) if path.is_file()]
    found = [path.name for path in paths if report(path).kind in TROUBLE]
    print(f"{folder}: {len(found)} of {len(paths)} taken for bounces: {found}")
    assert len(found) == bounces
