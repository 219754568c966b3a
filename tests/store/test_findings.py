"""Findings: every kind has its words, on the terminal as in Slack, and survives the row between."""

from __future__ import annotations

import pytest

from store import texts
from store.findings import ANYWHERE, KINDS, Check, Finding, Level, faults, ordered


@pytest.mark.parametrize("name", [*KINDS, *sorted(ANYWHERE)])
def test_every_kind_says_what_was_found_and_what_to_do(name: str) -> None:
    of = Check.MX if name in ANYWHERE else None
    known = texts.keys("en")
    assert f"doctor.{name}.found" in known
    finding = Finding(name, "it", {}, of)
    assert (f"doctor.{name}.remedy" in known) is (finding.level is not Level.OK)


def test_no_words_are_kept_for_what_is_never_found() -> None:
    named = {key.split(".")[1] for key in texts.keys("en") if key.startswith("doctor.")}
    assert named - {*KINDS, *ANYWHERE} == {"command", "mail", "scope"}


def test_a_row_holds_a_finding_and_one_of_another_version_is_passed_over() -> None:
    for finding in (
        Finding("mx_null", "a.example", {"record": "x"}),
        Finding("failed", "mx", {"error": "E"}, Check.MX),
    ):
        assert Finding.from_json(finding.as_json()) == finding
    for row in ({"name": "of_tomorrow", "subject": "x"}, {"name": "failed", "of": "of_tomorrow"}, {"name": "failed"}):
        assert Finding.from_json(row) is None


def test_they_are_told_in_the_order_of_the_checks() -> None:
    found = [Finding("clock_alone", ""), Finding("mx_null", "a", {"record": ""}), Finding("mx_ok", "b")]
    assert [one.name for one in ordered(found)] == ["mx_null", "mx_ok", "clock_alone"]
    assert faults(found) == 1
