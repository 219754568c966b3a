"""A message of Slack's as text for a mail: rich text with its marks, ids as names, emoji as characters."""

from __future__ import annotations

from typing import Any

from bot.views import chat, emoji
from bot.views.chat import Names

NAMES = Names({"U0ADA": "Ada Byron"}, {"C0GENERAL": "general"})


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"text": "unused", "blocks": [{"type": "rich_text", "elements": list(elements)}]}


def section(*elements: dict[str, Any], kind: str = "section") -> dict[str, Any]:
    return {"type": f"rich_text_{kind}", "elements": list(elements)}


def text(words: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": words} | ({"style": style} if style else {})


def test_rich_text_keeps_its_marks_and_loses_its_ids() -> None:
    message = rich(
        section(
            text("Hello "), {"type": "user", "user_id": "U0ADA"}, text(" in "),
            {"type": "channel", "channel_id": "C0GENERAL"}, text(" "), text("bold ", bold=True),
            text("it", italic=True),
            {"type": "emoji", "name": "wave", "unicode": "1f44b-1f3fd"}, text("x*y", code=True),
            {"type": "link", "url": "https://a.example/", "text": "here"}, {"type": "broadcast", "range": "channel"},
        ),
        {"type": "rich_text_list", "style": "ordered", "elements": [section(text("one")), section(text("two"))]},
        section(text("said\nso"), kind="quote"),
        section(text("a < b"), kind="preformatted"),
    )  # fmt: skip
    assert chat.marked(message, NAMES) == (
        "Hello @Ada Byron in #general *bold* _it_👋🏽`x*y`here (https://a.example/)@channel\n"
        "1. one\n2. two\n> said\n> so\n```\na < b\n```"
    )
    assert chat.named(message) == (["U0ADA"], ["C0GENERAL"])


def test_marked_text_says_what_its_entities_stand_for() -> None:
    said = "<@U0ADA> <#C1|ops> <!here> <!subteam^S1|@duty> <mailto:a@b.example|a@b.example> &lt;x&gt; &amp;amp;"
    assert chat.marked({"text": said}, NAMES) == "@Ada Byron #ops @here @duty a@b.example <x> &amp;"
    assert chat.labels({"text": said}) == {"C1": "ops"}


def test_emoji_are_characters_where_there_is_one() -> None:
    assert emoji.named(":rocket: :tada: :+1::skin-tone-3: :our-own: 10:30:45 :a:") == "🚀 🎉 👍 :our-own: 10:30:45 :a:"
    assert emoji.of_code("zz") is None


def test_files_are_named() -> None:
    files = [{"name": "plan\u202e.pdf", "size": 2_097_152}, {"title": "Notes"}, {}]
    assert chat.files("en", {"files": files}) == ["plan.pdf (2 MB)", "Notes", "?"]
    assert chat.files("fr", {"files": files}) == ["plan.pdf (2\xa0Mo)", "Notes", "?"]
