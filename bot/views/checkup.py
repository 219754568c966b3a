"""A checkup as the operator who asked sees it: what is to be mended first, each with its remedy, then what is in
order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.views import answers, blocks, escape
from bot.views.blocks import Block, Shown
from store.findings import Finding, Level, Progress, ordered
from store.texts import Markup, say

# Copied from here into a zone file: no look-alikes in them.
_LITERAL = ("subject", "record", "at")
LITERAL_SHOWN = 1_000  # the record of the longest key that receivers take has some 760
MOST_PARTS = 10  # texts of 3,000 characters: some hundred findings
VALUE_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Checkup:
    """Where a checkup stands, when it was asked for, and what it found so far."""

    progress: Progress
    asked_at: datetime
    findings: Sequence[Finding]


def checkup(language: str, seen: Checkup) -> Shown:
    """Redrawn in place while it goes on."""
    by_level = {level: [one for one in ordered(seen.findings) if one.level is level] for level in Level}
    faults, warnings, fine = (len(by_level[level]) for level in (Level.FAULT, Level.WARNING, Level.OK))
    head = say(language, "slack.checkup.head", asked=escape.moment(seen.asked_at))
    key = f"slack.checkup.{seen.progress}"
    state = say(language, key, n=len(seen.findings), faults=faults, warnings=warnings, fine=fine)
    body: list[Block] = [blocks.section(f"{head}\n{state}")]
    wrong = [_line(language, one) for level in (Level.FAULT, Level.WARNING) for one in by_level[level]]
    rest = [_line(language, one) for level in (Level.OK, Level.SKIPPED) for one in by_level[level]]
    parts = [blocks.section(part) for part in answers.sections(wrong)]
    parts += [blocks.context(part) for part in answers.sections(rest)] if rest else []
    body += parts[:MOST_PARTS]
    if len(parts) > MOST_PARTS:
        body.append(blocks.context(say(language, "slack.checkup.more")))
    return blocks.shown(f"{head} – {state}", body)


def _line(language: str, one: Finding) -> str:
    shown = replace(one, subject=_literal(one.subject), values={**one.values, **_literals(one)})
    found, remedy = shown.found(language, _short), shown.remedy(language, _short)
    return say(language, f"slack.checkup.{one.level}", found=Markup(found), remedy=Markup(remedy))


def _short(text: str) -> str:
    return escape.mrkdwn(text, VALUE_SHOWN)


def _literals(one: Finding) -> dict[str, str]:
    return {name: _literal(one.values[name]) for name in _LITERAL if name in one.values}


def _literal(text: str) -> Markup:
    """Text as it is, in a fixed face; no text can end it."""
    inner = escape.cut(escape.visible(text), LITERAL_SHOWN).replace("`", "ˋ").translate(escape.SPECIAL)
    return Markup(f"`{inner}`" if inner else "")
