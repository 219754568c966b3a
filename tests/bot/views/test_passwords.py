"""App passwords as they are drawn: within Slack's limits, with nothing of a name acting, and shown in one place."""

from __future__ import annotations

import json

import pytest

from bot.views import limits, passwords
from bot.views.limits import Surface
from store.passwords import LONGEST_LABEL, MOST
from tests.bot.views.states import AT

HOSTILE = "<!channel> *b* `c` :x: <https://e.example|x> & "
PASSWORD = "abcd-efgh-ijkm-npqr"


def held(label: str, *, own: bool = True, stale: bool = False) -> passwords.Held:
    lines = [
        passwords.Line(n, label[:LONGEST_LABEL], "abcd", "linus@example.org", AT, AT if n % 2 else None, stale)
        for n in range(MOST)
    ]
    return passwords.Held("U0LINUS", own, lines)


def made(label: str = "printer") -> passwords.Made:
    return passwords.Made(1, label, PASSWORD, "linus@example.org", "mail.example.org", 587)


@pytest.mark.parametrize("label", ["x" * 100, "&" * 100, HOSTILE * 3, "é" * 100])
@pytest.mark.parametrize("stale", [False, True])
def test_every_view_fits(label: str, stale: bool) -> None:
    shown = held(label, stale=stale)
    for view in (
        passwords.form("en", shown, longest=LONGEST_LABEL, said="Done."),
        passwords.form("en", shown, barred="No more.", longest=LONGEST_LABEL),
        passwords.form("en", passwords.Held("U0LINUS", True, ()), longest=LONGEST_LABEL),
        passwords.made("en", made(label[:LONGEST_LABEL])),
    ):
        assert limits.check_view(view) == []
    for answer in (
        passwords.listing("en", shown, said="Done."),
        passwords.listing("en", passwords.Held("U0LINUS", False, ())),
        passwords.made_answer("en", made(label[:LONGEST_LABEL])),
    ):
        assert limits.check(Surface.MESSAGE, answer.blocks) == []


def test_nothing_of_a_name_acts() -> None:
    views = [
        passwords.form("en", held(HOSTILE), longest=LONGEST_LABEL), passwords.made("en", made(HOSTILE)),
        passwords.made_answer("en", made(HOSTILE)).blocks, passwords.listing("en", held(HOSTILE)).blocks,
    ]  # fmt: skip
    for view in views:
        text = json.dumps(view)
        assert "<!channel>" not in text
        assert "<https" not in text


def test_a_new_password_stands_in_no_notification_and_no_repr() -> None:
    answer = passwords.made_answer("en", made())
    assert PASSWORD in json.dumps(answer.blocks)
    assert PASSWORD not in answer.text
    assert PASSWORD not in repr(made())
    view = passwords.made("en", made())
    assert view["submit"]  # what ends in its modal is not told by direct message
    assert "private_metadata" not in view


def test_who_is_meant_is_said_where_it_is_somebody_else() -> None:
    assert "App passwords of <@U0LINUS>" in passwords.listing("en", held("x", own=False)).text
    assert "<@U0LINUS> has no app passwords" in passwords.listing("en", passwords.Held("U0LINUS", False, ())).text
    assert "Your app passwords" in passwords.listing("en", held("x")).text
