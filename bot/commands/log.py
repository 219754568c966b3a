"""The command that reads the audit back."""

from __future__ import annotations

from bot.acts import trail as acts
from bot.commands import trail
from bot.commands.bound import Bound
from bot.context import Context
from bot.views.blocks import Shown
from store import languages
from store.terms import Language


async def log(context: Context, bound: Bound) -> Shown:
    assert bound.group is not None
    language = languages.spoken(context.language, Language.EN)
    wanted = trail.read(bound.words, context.database.clock(), context.person.time_zone, language)
    return await acts.log(context, bound.group, wanted, _again(bound))


def _again(bound: Bound) -> str:
    """What to type for another page: the words as typed, but for the page."""
    words = [f"@{token.label}" if token.label else token.value for token in bound.words]
    for at, word in enumerate(words):
        if word.lower() == "page" or (word.isdecimal() and at == len(words) - 1):
            words = words[:at] + words[at + 2 :]
            break
    return " ".join([bound.group or "", *words])
