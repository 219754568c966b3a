"""The audit as people read it: a line an act, in words, with before and after; and as a table for a spreadsheet.

Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from bot.views import answers, blocks, escape, settings
from bot.views.blocks import Shown
from bot.views.settings import Shape
from store import sizes, spreadsheet, texts
from store.texts import Markup, say

if TYPE_CHECKING:
    from store.history import Act

PAGE = 15
LONGEST = 120  # of a value that is shown
_HEAD = ("time", "who", "as_operator", "verb", "group", "subject", "objects", "details")


@dataclass(frozen=True, slots=True)
class Wanted:
    """`slack_id`, `address` or `actor` says who; `what` how the verb begins; `csv` asks for a file."""

    slack_id: str = ""
    address: str = ""
    actor: str = ""
    what: str = ""
    since: datetime | None = None
    page: int = 1
    csv: bool = False


def shown(language: str, acts: Sequence[Act], *, of: str, page: int, more: bool, command: str, again: str) -> Shown:
    """A page of acts. `of` is the group's address, or "" for all; `again` the command's words without the page."""
    name = "log.title" if of else "log.title_all"
    title = say(language, name, via=escape.mrkdwn, group=of, page=page)
    if not acts:
        return answers.told(f"{title}\n{say(language, 'log.nothing')}")
    body = [blocks.section(part) for part in answers.sections([title, *(line(language, act, of) for act in acts)])]
    if more:
        following = say(language, "log.more", via=escape.mrkdwn, command=Markup(command), words=again, page=page + 1)
        body.append(blocks.context(following))
    return blocks.shown(title, body)


def line(language: str, act: Act, of: str = "") -> str:
    """One act: when, who, what it was, and what it changed."""
    who = _who(language, act)
    objects = Markup(", ".join(_object(one) for one in act.objects))
    words = say(language, verb(language, act.verb), via=escape.mrkdwn, who=who, verb=act.verb)
    said = [f"{escape.moment(act.at)} · {words}"]
    if objects:
        said.append(say(language, "log.about", objects=objects))
    if act.as_operator:
        said.append(say(language, "log.as_operator"))
    if act.group and not of:
        said.append(say(language, "log.in_group", via=escape.mrkdwn, group=act.group))
    return "\n".join([" ".join(said), *_changes(language, act.details)])


def verb(language: str, name: str) -> str:
    """The name of the text that says a verb; a plain one for what another version wrote."""
    key = f"log.verb.{name}"
    return key if key in texts.keys(texts.FALLBACK) else "log.unknown"


def _who(language: str, act: Act) -> Markup:
    if act.slack_id is not None:
        return escape.person(act.slack_id)
    known = act.actor if act.actor in {"mail", "import", "system"} else "gone"
    return Markup(say(language, f"log.actor.{known}"))


def _object(text: str) -> str:
    return escape.person(text) if "@" not in text else escape.mrkdwn(text)


def _changes(language: str, details: Mapping[str, Any]) -> list[str]:
    """Before and after, one a line; other details in a row."""
    before, after = details.get("before"), details.get("after")
    lines: list[str] = []
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in after:
            values: dict[str, Any] = {
                "before": _setting(language, name, before.get(name)),
                "after": _setting(language, name, after[name]),
            }
            lines.append(say(language, "log.change", via=escape.mrkdwn, setting=_named(language, name), **values))
    kept = {name: value for name, value in details.items() if name not in {"before", "after", "memberships"}}
    rest = [
        say(
            language,
            "log.detail_is",
            via=escape.mrkdwn,
            name=_named(language, name),
            value=_detail(language, name, value),
        )
        for name, value in kept.items()
        if value not in ("", None)
    ]
    if rest:
        lines.append(say(language, "log.details", details=", ".join(rest)))
    return lines


def _named(language: str, name: str) -> str:
    """A setting or a detail in people's words; as it was written where another version wrote it."""
    for key in (f"commands.setting.{name}.label", f"log.detail.{name}"):
        if key in texts.keys(texts.FALLBACK):
            return say(language, key)
    return name.replace("_", " ")


def _setting(language: str, name: str, value: Any) -> str:
    """A setting's value as everywhere else; what is no value of it (erased, or of another version) as it is."""
    known = settings.BY_NAME.get(name)
    if known is None or isinstance(value, Mapping):
        return _value(language, value)
    if known.choices is not None and value not in set(known.choices):
        return _value(language, value)
    if known.shape is Shape.TICK:
        return settings.shown(language, name, settings.HIDDEN_YES if value else settings.HIDDEN_NO)
    if known.shape is Shape.SIZE and isinstance(value, int):
        return sizes.show(value, language)
    return settings.shown(language, name, escape.cut(str(value or ""), LONGEST))


def _detail(language: str, name: str, value: Any) -> str:
    if name == "until" and isinstance(value, str):
        return escape.moment(datetime.fromisoformat(value))
    if name in {"flags", "withdrawn"} and isinstance(value, list):
        return _value(language, [_flag(language, str(one)) for one in value])
    return _value(language, value)


def _flag(language: str, name: str) -> str:
    key = f"commands.flags.{name}"
    return say(language, key) if key in texts.keys(texts.FALLBACK) else name


def _value(language: str, value: Any) -> str:
    if value is None or value == "":
        return say(language, "log.none")
    if isinstance(value, bool):
        return say(language, "log.yes" if value else "log.no")
    if isinstance(value, Mapping) and set(value) == {"erased"}:
        return say(language, "log.erased")
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)[:LONGEST]
    return escape.cut(str(value), LONGEST)


def table(acts: Sequence[Act]) -> bytes:
    """The acts as a file for spreadsheets."""
    rows: list[Sequence[str]] = [_HEAD]
    for act in acts:
        details = json.dumps(dict(act.details), ensure_ascii=False) if act.details else ""
        row = (
            act.at.isoformat(), act.slack_id or act.actor, "yes" if act.as_operator else "no", act.verb, act.group,
            act.subject, " ".join(act.objects), details,
        )  # fmt: skip
        rows.append(row)
    return spreadsheet.file(rows)
