"""A message of Slack's as text that people read elsewhere: names for ids, characters for emoji, marks as they are.

Pure. What comes out is what the form of a mail is filled with (`*bold*`, `_italic_`, `> quoted`, `• item`); nothing in
it is Slack's any more, so nothing in it can ping or link there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.views import emoji, escape
from store import sizes

Json = Mapping[str, Any]
ENTITY = re.compile(r"<([^<>]{1,3000})>")
# Around words, from the outside in; code takes no other mark.
STYLES = (("strike", "~"), ("italic", "_"), ("bold", "*"))
INDENT = "    "
DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Names:
    """What ids are called: people's names, and channels' without their sign."""

    people: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)

    def person(self, slack_id: str) -> str:
        return f"@{self.people.get(slack_id, slack_id)}"

    def channel(self, channel_id: str) -> str:
        return f"#{self.channels.get(channel_id, channel_id)}"


def named(message: Json) -> tuple[list[str], list[str]]:
    """The ids of the people and of the channels that a message names, each once."""
    people = re.findall(r"<@([UW][A-Z0-9]{1,40})[|>]", _text(message))
    channels = re.findall(r"<#([CG][A-Z0-9]{1,40})(?:\|)?>", _text(message))
    for element in _leaves(message.get("blocks") or ()):
        if element.get("type") == "user":
            people.append(str(element.get("user_id")))
        if element.get("type") == "channel":
            channels.append(str(element.get("channel_id")))
    return list(dict.fromkeys(people)), list(dict.fromkeys(channels))


def labels(message: Json) -> dict[str, str]:
    """The channels whose names stand in the message's own text, by id."""
    return dict(re.findall(r"<#([CG][A-Z0-9]{1,40})\|([^<>|]{1,80})>", _text(message)))


def marked(message: Json, names: Names) -> str:
    """The message's text: of its rich text, which says all there is to say, or else of its marked text."""
    rich = [block for block in message.get("blocks") or () if block.get("type") == "rich_text"]
    if rich:
        text = "\n".join(_rich(element, names) for block in rich for element in block.get("elements") or ())
    else:
        text = emoji.named(_plain(_text(message), names))
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def files(language: str, message: Json) -> list[str]:
    """The names of a message's files with their sizes, as Slack says them."""
    found = []
    for one in message.get("files") or ():
        name = escape.visible(str(one.get("name") or one.get("title") or "?"))[:100]
        size = one.get("size")
        found.append(f"{name} ({sizes.show(size, language)})" if isinstance(size, int) else name)
    return found


def _text(message: Json) -> str:
    return str(message.get("text") or "")


def _plain(text: str, names: Names) -> str:
    return escape.decoded(ENTITY.sub(lambda found: _entity(found[1], names), text))


def _entity(inner: str, names: Names) -> str:
    target, _, label = inner.partition("|")
    match target[:1]:
        case "@":
            return names.person(target[1:]) if target[1:] in names.people else f"@{label or target[1:]}"
        case "#":
            return f"#{label}" if label else names.channel(target[1:])
        case "!":
            # `<!date^…|fallback>`, `<!subteam^S1|@ops>`, `<!here>`: what people see of it.
            return label or f"@{target[1:].partition('^')[0]}"
    return _link(target, label)


def _link(target: str, label: str) -> str:
    shown = target.removeprefix("mailto:")
    return shown if not label or label in (target, shown) else f"{label} ({shown})"


# ---------------------------------------------------------------- rich text


def _rich(element: Json, names: Names) -> str:
    inner: Sequence[Json] = element.get("elements") or ()
    match element.get("type"):
        case "rich_text_list":
            return _list(element, names)
        case "rich_text_quote":
            return "\n".join(f"> {line}" for line in _inline(inner, names).split("\n"))
        case "rich_text_preformatted":
            return f"```\n{''.join(str(one.get('text') or one.get('url') or '') for one in inner)}\n```"
    return _inline(inner, names).strip("\n")


def _list(element: Json, names: Names) -> str:
    indent = INDENT * min(int(element.get("indent") or 0), DEEPEST)
    ordered = element.get("style") == "ordered"
    first = int(element.get("offset") or 0) + 1
    lines = []
    for n, item in enumerate(element.get("elements") or (), first):
        lines.append(f"{indent}{f'{n}.' if ordered else '•'} {_inline(item.get('elements') or (), names)}")
    return "\n".join(lines)


def _inline(elements: Sequence[Json], names: Names) -> str:
    return "".join(_styled(element, _piece(element, names)) for element in elements)


def _piece(element: Json, names: Names) -> str:
    match element.get("type"):
        case "text":
            return str(element.get("text") or "")
        case "link":
            return _link(str(element.get("url") or ""), str(element.get("text") or ""))
        case "user":
            return names.person(str(element.get("user_id")))
        case "channel":
            return names.channel(str(element.get("channel_id")))
        case "emoji":
            name = str(element.get("name") or "")
            code = element.get("unicode")
            return (emoji.of_code(str(code)) if code else emoji.character(name)) or f":{name}:"
        case "broadcast":
            return f"@{element.get('range')}"
        case "usergroup":
            return "@group"
        case "date":
            return str(element.get("fallback") or "")
        case "color":
            return str(element.get("value") or "")
    return ""


def _styled(element: Json, text: str) -> str:
    style = element.get("style")
    if not isinstance(style, Mapping) or not text.strip():
        return text
    # Marks stand at the words: a blank just inside of one would make it none.
    start, end = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
    words = text.strip()
    if style.get("code"):
        return f"{start}`{words}`{end}"
    for name, mark in STYLES:
        if style.get(name):
            words = f"{mark}{words}{mark}"
    return f"{start}{words}{end}"


def _leaves(elements: Sequence[Json], depth: int = 0) -> Iterator[Json]:
    for element in elements:
        if not isinstance(element, Mapping) or depth > DEEPEST:
            continue
        yield element
        inner = element.get("elements")
        if isinstance(inner, list):
            yield from _leaves(inner, depth + 1)
