"""Emoji by the names that Slack gives them, as the characters that mail has. Pure.

Most of Slack's names are Unicode's own, so the table holds only those that are not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

NAME = re.compile(r":([a-z0-9_+'-]{1,50}):(?::skin-tone-[2-6]:)?")
# Slack's own words for what Unicode calls otherwise; what is in neither keeps its name, colons and all.
OTHERWISE: Mapping[str, str] = {
    "+1": "👍", "thumbsup": "👍", "-1": "👎", "thumbsdown": "👎", "tada": "🎉", "smile": "😄", "smiley": "😃",
    "grinning": "😀", "grin": "😁", "laughing": "😆", "satisfied": "😆", "joy": "😂",
    "rolling_on_the_floor_laughing": "🤣",
    "slightly_smiling_face": "🙂", "wink": "😉", "blush": "😊", "heart_eyes": "😍", "sunglasses": "😎", "sob": "😭",
    "cry": "😢", "thinking_face": "🤔", "upside_down_face": "🙃", "sweat_smile": "😅", "scream": "😱", "rage": "😡",
    "heart": "❤️", "broken_heart": "💔", "clap": "👏", "pray": "🙏", "raised_hands": "🙌", "muscle": "💪", "wave": "👋",
    "ok_hand": "👌", "point_right": "👉", "point_left": "👈", "point_up": "☝️", "point_down": "👇", "eyes": "👀",
    "white_check_mark": "✅", "heavy_check_mark": "✔️", "x": "❌", "warning": "⚠️", "exclamation": "❗",
    "question": "❓", "100": "💯", "zap": "⚡", "boom": "💥", "star": "⭐", "sparkles": "✨", "sunny": "☀️",
    "coffee": "☕", "beers": "🍻", "beer": "🍺", "cake": "🍰", "birthday": "🎂", "pizza": "🍕", "gift": "🎁",
    "email": "✉️", "mailbox": "📫", "calendar": "📆", "date": "📅", "clipboard": "📋", "pushpin": "📌", "link": "🔗",
    "mag": "🔍", "bulb": "💡", "bell": "🔔", "lock": "🔒", "key": "🔑", "hammer_and_wrench": "🛠️", "gear": "⚙️",
    "computer": "💻", "phone": "☎️", "memo": "📝", "pencil": "📝", "moneybag": "💰", "chart_with_upwards_trend": "📈",
    "rotating_light": "🚨", "no_entry": "⛔", "information_source": "ℹ️", "arrow_right": "➡️", "arrow_left": "⬅️",
    "arrow_up": "⬆️", "arrow_down": "⬇️", "us": "🇺🇸", "fr": "🇫🇷", "de": "🇩🇪", "gb": "🇬🇧", "checkered_flag": "🏁",
}  # fmt: skip


def character(name: str) -> str | None:
    """The character or sequence that Slack shows for a name without its colons; None for one of the workspace's own."""
    known = OTHERWISE.get(name)
    if known is not None:
        return known
    try:
        found = unicodedata.lookup(name.replace("_", " ").replace("-", " ").upper())
    except KeyError:
        return None
    # "a" names a letter too: an emoji is a symbol, and none of those is ASCII.
    return found if len(name) > 1 and unicodedata.category(found) == "So" else None


def of_code(code: str) -> str | None:
    """The sequence that Slack gives as `1f44b-1f3fd`; None for what is no such code."""
    try:
        return "".join(chr(int(one, 16)) for one in code.split("-"))
    except (ValueError, OverflowError):
        return None


def named(text: str) -> str:
    """The text with the characters instead of the names it holds."""
    return NAME.sub(lambda found: character(found[1]) or found[0], text)
