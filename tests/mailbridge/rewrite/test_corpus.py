"""Triples: a message, a group's settings, and the octets a next hop must get for it (`tests/corpus`).

The files hold LF where the wire has CRLF. `NAME.expected.eml` is what follows 354: prefix, header, dot-stuffed body.
"""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailbridge.rewrite.author import Writer
from mailbridge.rewrite.copy import prefix
from mailbridge.rewrite.edition import Offers, edition
from mailbridge.rewrite.trace import Trace
from store.alteration import AS_IT_CAME, Alteration
from store.terms import GroupPolicy, Origin

FOLDER = Path(__file__).parents[2] / "corpus"
NAMES = sorted(path.name.removesuffix(".in.eml") for path in FOLDER.glob("*.in.eml"))
ACCEPTED = datetime(2026, 3, 2, 9, 0, 1, 999_999, tzinfo=UTC)


def octets(name: str) -> bytes:
    return (FOLDER / name).read_bytes().replace(b"\n", b"\r\n")


def test_every_triple_is_whole() -> None:
    assert len(NAMES) >= 10
    kinds = (".in.eml", ".settings.toml", ".expected.eml")
    assert {path.name for path in FOLDER.iterdir()} == {name + kind for name in NAMES for kind in kinds}


@pytest.mark.parametrize("name", NAMES)
def test_triple(name: str) -> None:
    settings = tomllib.loads((FOLDER / f"{name}.settings.toml").read_text("utf-8"))
    group = GroupPolicy.from_json({"group_id": 1, "kind": "group", **settings["group"]})
    trace = Trace(
        **{
            "public_id": "P3K7",
            "accepted_at": ACCEPTED,
            "hostname": "mx.lists.example.org",
            "helo": "desk.example.com",
            "client": "192.0.2.7",
            **settings.get("trace", {}),
        }
    )
    answers = dict.fromkeys(("leave_mailto", "one_click", "owner", "join", "help"), True)
    offers = Offers(**answers | settings.get("offers", {}))
    writer = Writer(**settings["writer"]) if "writer" in settings else None
    facts = Origin.from_json(settings.get("origin", {}))
    made = edition(octets(f"{name}.in.eml"), group, trace, offers, writer, facts)
    top = prefix(group, **{"leave_token": None, "public_url": None, **settings.get("copy", {})})
    assert (top + made.wire).decode("latin-1") == octets(f"{name}.expected.eml").decode("latin-1")
    assert (made.eight_bit, made.utf8) == (settings.get("eight_bit", False), settings.get("utf8", False))
    assert made.alteration == Alteration.from_json({**AS_IT_CAME.as_json(), **settings.get("alteration", {})})
    assert made.head.endswith(b"\r\n\r\n")
    assert made.size == len(made.wire) - made.wire.count(b"\r\n..") - made.wire.startswith(b"..")
