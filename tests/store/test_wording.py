"""What a group puts into its mail: made fit, or refused with the reason, and never a line of a header."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import groups, wording
from store.engine import Database
from store.groups import NewGroup
from store.names import Served
from store.roster import Entry
from store.terms import Actor, Refused, ReplyTo
from store.texts import say

ACTOR = Actor("ada")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("Team", "Team"), (" [Team] ", "Team"), ("[ A  b ]", "A b"), ("Équipe 🚀", "Équipe 🚀"), ("a: b", "a: b")],
)
def test_tags(typed: str, kept: str) -> None:
    assert wording.subject_tag(typed) == kept
    assert wording.subject_tag(kept) == kept


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", "tag_malformed"), ("[]", "tag_malformed"), ("a\nBcc: x", "tag_malformed"), ("a\rb", "tag_malformed"),
        ("a\0", "tag_malformed"), ("a\u202eb", "tag_malformed"), ("a\u2028b", "tag_malformed"),
        ("a]b", "tag_malformed"),
        ("\ud800", "tag_malformed"), ("\ufeffa", "tag_malformed"), ("x" * 31, "tag_too_long"),
    ],
)  # fmt: skip
def test_no_tags(typed: str, fault: str) -> None:
    with pytest.raises(Refused) as refused:
        wording.subject_tag(typed)
    assert refused.value.name == fault
    said = say("en", f"refused.{fault}", **dict[str, Any](refused.value.values))
    assert said.isprintable()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Be kind.", "Be kind."), ("\r\n a \r\nb\t\r\n\r\n", " a\nb"), ("a\rb", "a\nb"), ("a\tb", "a   b"),
        ("-- \nname", "--\nname"), ("👩\u200d🚀", "👩\u200d🚀"),
    ],
)  # fmt: skip
def test_footers(typed: str, kept: str) -> None:
    assert wording.footer(typed) == kept
    assert wording.footer(kept) == kept


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", "footer_malformed"), (" \n ", "footer_malformed"), ("a\x1bb", "footer_malformed"),
        ("a\u202eb", "footer_malformed"), ("a\x85b", "footer_malformed"), ("\udcff", "footer_malformed"),
        ("x" * 501, "footer_too_long"), ("a\n" * 12 + "b", "footer_too_many_lines"),
    ],
)  # fmt: skip
def test_no_footers(typed: str, fault: str) -> None:
    with pytest.raises(Refused) as refused:
        wording.footer(typed)
    assert refused.value.name == fault
    assert say("en", f"refused.{fault}", **dict[str, Any](refused.value.values))


@given(st.text())
def test_what_is_kept_can_stand_in_a_mail(text: str) -> None:
    for name, fit in wording.WORDINGS.items():
        try:
            kept = fit(text)
        except Refused:
            continue
        assert fit(kept) == kept
        kept.encode()
        assert not set(kept) & set("\r\0\x1b\u202e\u2028")
        assert name == "footer" or "\n" not in kept


async def test_whoever_writes_them_the_store_keeps_them_fit(database: Database) -> None:
    served = Served(("example.org",))
    ada = Entry(None, None, "Ada")
    async with database.writing() as tx:
        new = NewGroup("team@example.org", administrators=(ada,), subject_tag="[Team]", footer="Be kind. \r\n")
        group = await groups.create(tx, new, served, ACTOR)
        assert (group.subject_tag, group.footer, group.reply_to) == ("Team", "Be kind.", ReplyTo.AUTHOR)
        assert group.id is not None
        changed = await groups.change(tx, group.id, {"subject_tag": "[Team]", "footer": "Be kind."}, 1, ACTOR)
        assert changed.version == 1  # which is no change
        changed = await groups.change(tx, group.id, {"subject_tag": None, "reply_to": ReplyTo.GROUP}, 1, ACTOR)
        assert (changed.subject_tag, changed.reply_to, changed.version) == (None, ReplyTo.GROUP, 2)
        for bad in ({"subject_tag": "a\nb"}, {"footer": "x" * 600}, {"reply_to": "group"}, {"footer": 7}):
            with pytest.raises(Refused):
                await groups.change(tx, group.id, bad, 2, ACTOR)
        with pytest.raises(Refused, match="tag_malformed"):
            await groups.create(tx, NewGroup("b@example.org", administrators=(ada,), subject_tag="]"), served, ACTOR)
        assert groups.policy(changed).footer == "Be kind."
