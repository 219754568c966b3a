"""What somebody has from a view who hears it, or sees no colours: in every view there is, in English and French."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from bot.views import home, limits
from bot.views.blocks import Shown
from store import texts
from store.terms import RequestKind
from tests.bot.views import states
from tests.bot.views.test_subjects import EVERY, draw

OUTSIDE = "Zzyzx"  # stands for whatever comes from outside; it is no word of either language
WORD = re.compile(r"[^\W\d_]{2,}")
SIGN = re.compile(r":[a-z0-9_+-]{1,60}:|[\u2190-\u21ff\u2600-\u27bf\U0001f000-\U0001faff]")
MARKUP = re.compile(r"<[^<>]*>|\S+@\S+|https?:\S+")
# Kinds of block that a screen reader has nothing of but these texts.
NAMED = {"image": "alt_text", "data_table": "caption", "data_visualization": "title"}


@pytest.fixture(params=["en", "fr"])
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Views are drawn in English here and there; whatever is asked for in it is found in this language."""
    find, spoken = texts._find, str(request.param)
    monkeypatch.setattr(texts, "_find", lambda _, key: find(spoken, key))
    return spoken


def drawn() -> Iterator[tuple[str, Any]]:
    """Every message and view: each function of `bot.views` once, and what the products' states give."""
    for name in EVERY:
        found = draw(name, OUTSIDE)
        yield from ((name, one) for one in (found if isinstance(found, list) else [found]))
    yield from (("states", one) for one in states.messages(OUTSIDE))
    yield from (("states", one) for one in states.views(OUTSIDE))


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every structure within something shown, what stands instead of newer blocks included."""
    if isinstance(value, Shown):
        yield from parts(value.blocks)
        yield from parts(value.instead or [])
    elif isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from parts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from parts(inner)


def words(text: str) -> list[str]:
    """The words of ours in a text: no address, no link, no emoji, nothing from outside."""
    return [word for word in WORD.findall(SIGN.sub(" ", MARKUP.sub(" ", text))) if word != OUTSIDE]


def unspoken(part: dict[str, Any]) -> str:
    """What is wrong with one structure for who hears it, "" for nothing."""
    kind = part.get("type")
    if kind == "button":
        label, spoken = part["text"]["text"], part.get("accessibility_label", "")
        if not words(label):
            return f"a button of no words: {label!r}"
        if len(words(label)) == 1 and len(words(spoken)) + spoken.count(OUTSIDE) < 2:
            return f"a button that does not say what it acts upon: {label!r}"
    if kind in NAMED and not words(str(part.get(NAMED[kind], ""))):
        return f"a block without its {NAMED[kind]}"
    if kind == "input" and not words(part["label"]["text"]):
        return "an input without a label"
    if kind == "modal" and not words(part["title"]["text"]):
        return "a modal without a title"
    text = part.get("text")
    if kind in {"mrkdwn", "plain_text"} and isinstance(text, str):
        for line in text.split("\n"):
            if SIGN.search(line) and not words(line) and OUTSIDE not in line:
                return f"a sign without words: {line!r}"
    return ""


def test_every_view_says_in_words_what_it_shows(language: str) -> None:
    faults = [(name, fault) for name, one in drawn() for part in parts(one) if (fault := unspoken(part))]
    assert faults == []


def test_every_message_says_what_it_is_where_only_its_text_is_heard(language: str) -> None:
    messages = [(name, one.text) for name, one in drawn() if isinstance(one, Shown)]
    assert len(messages) > 60
    assert [(name, text) for name, text in messages if len(words(text)) < 2] == []


def test_no_two_buttons_of_a_view_are_heard_alike(language: str) -> None:
    for name, one in drawn():
        assert alike(one) == [], name


def test_what_waits_side_by_side_is_told_apart(language: str) -> None:
    """By its subject where two are of one author, by its group where one asks for two; and two things are paged."""
    posts = [
        home.WaitingPost(n, "Team", "jo@example.org", subject, True, states.AT)
        for n, subject in enumerate(("Minutes", "Lunch", ""))
    ]
    asked = [
        home.WaitingRequest(n, RequestKind.JOIN, group, None, "jo@example.org", "", states.AT)
        for n, group in enumerate(("Team", "Press"))
    ]
    waiting = home.Waiting([*asked, *posts], total=30, page=2)
    shown = home.home(language, home.Home("U0ADA", None, True, False, [], waiting, page=2, more=True), "/group")
    assert limits.check(limits.Surface.HOME, shown["blocks"]) == []
    assert alike(shown) == []


def alike(shown: Any) -> list[str]:
    """The labels of buttons that who hears them cannot tell apart."""
    together = shown.blocks if isinstance(shown, Shown) else shown  # `instead` never stands beside the blocks
    buttons = [part for part in parts(together) if part.get("type") == "button"]
    heard = Counter(button.get("accessibility_label", button["text"]["text"]) for button in buttons)
    return [label for label, n in heard.items() if n > 1]
