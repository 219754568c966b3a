"""Whether blocks and views are what Block Kit allows: a small interpreter of the tables in `limits`.

Pure. Every function returns findings in Slack's wording, each with the JSON pointer of the culprit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from bot.sandbox import data
from bot.sandbox.limits import (
    BLOCK_RULES,
    BLOCKS_ON,
    BLOCKS_PER_SURFACE,
    CHARTS,
    DATA_TABLE_TEXT,
    ELEMENT_RULES,
    IDENTIFIER,
    MARKDOWN_TOTAL,
    VIEW_RULES,
    Rule,
    Rules,
)

Json = dict[str, Any]
Findings = Iterator[str]


def _say(text: str, where: str) -> str:
    return f"{text} [json-pointer:{where}]"


def _length(size: int, rule: Rule, where: str, unit: str) -> Findings:
    if size < rule.low:
        yield _say(f"must be more than {rule.low - 1} {unit}", where)
    if rule.high is not None and size > rule.high:
        yield _say(
            f"must be less than {rule.high + 1} {unit}"
            if unit == "characters"
            else f"no more than {rule.high} {unit} allowed",
            where,
        )


def _text(value: Any, rule: Rule, where: str) -> Findings:
    allowed = ("plain_text",) if rule.kind == "plain" else ("plain_text", "mrkdwn")
    if not isinstance(value, dict):
        yield _say("must be a text object", where)
        return
    kind = value.get("type")
    if kind not in allowed:
        yield _say(f"unsupported type: {kind}, must be {' or '.join(allowed)}", f"{where}/type")
    extra = {"plain_text": {"type", "text", "emoji"}, "mrkdwn": {"type", "text", "verbatim"}}.get(str(kind), set(value))
    yield from (_say(f"invalid additional property: {name}", where) for name in value if name not in extra)
    if not isinstance(value.get("text"), str):
        yield _say("missing required field: text", where)
        return
    yield from _length(
        len(value["text"]), Rule(rule.kind, low=max(1, rule.low), high=rule.high), f"{where}/text", "characters"
    )


def _string(value: Any, rule: Rule, where: str) -> Findings:
    if not isinstance(value, str):
        yield _say("must be a string", where)
        return
    if rule.only and value not in rule.only:
        yield _say(f"must be one of {', '.join(sorted(rule.only))}", where)
    yield from _length(len(value), rule, where, "characters")


def _url(value: Any, rule: Rule, where: str) -> Findings:
    yield from _string(value, rule, where)
    if isinstance(value, str) and not value.startswith(("http://", "https://", "mailto:", "slack://")):
        yield _say("must be a valid URL", where)


def _flag(value: Any, rule: Rule, where: str) -> Findings:
    if not isinstance(value, bool):
        yield _say("must be a boolean", where)


def _integer(value: Any, rule: Rule, where: str) -> Findings:
    if not isinstance(value, int) or isinstance(value, bool):
        yield _say("must be an integer", where)
    elif value < rule.low or (rule.high is not None and value > rule.high):
        yield _say(f"must be between {rule.low} and {rule.high}", where)


def _list(value: Any, rule: Rule, where: str) -> Findings:
    if not isinstance(value, list):
        yield _say("must be an array", where)
        return
    yield from _length(len(value), rule, where, "items")


def _texts(value: Any, rule: Rule, where: str) -> Findings:
    yield from _list(value, rule, where)
    for index, item in enumerate(value if isinstance(value, list) else []):
        yield from _text(item, Rule("text", high=rule.each), f"{where}/{index}")


_OPTION: Rules = {
    "text": Rule("text", required=True, high=75),
    "value": Rule("string", required=True, low=1, high=150),
    "description": Rule("text", high=75),
    "url": Rule("url", high=3_000),
}
_CONFIRM: Rules = {
    "title": Rule("plain", required=True, high=100),
    "text": Rule("text", required=True, high=300),
    "confirm": Rule("plain", required=True, high=30),
    "deny": Rule("plain", required=True, high=30),
    "style": Rule("string", only=frozenset({"primary", "danger"})),
}


def _option(value: Any, rule: Rule, where: str) -> Findings:
    yield from _fields(value, _OPTION, where, known=frozenset())


def _options(value: Any, rule: Rule, where: str) -> Findings:
    yield from _list(value, rule, where)
    for index, item in enumerate(value if isinstance(value, list) else []):
        yield from _option(item, rule, f"{where}/{index}")


def _groups(value: Any, rule: Rule, where: str) -> Findings:
    yield from _list(value, rule, where)
    group: Rules = {
        "label": Rule("plain", required=True, high=75),
        "options": Rule("options", required=True, low=1, high=100),
    }
    for index, item in enumerate(value if isinstance(value, list) else []):
        yield from _fields(item, group, f"{where}/{index}", known=frozenset())


def _confirm(value: Any, rule: Rule, where: str) -> Findings:
    yield from _fields(value, _CONFIRM, where, known=frozenset())


def _element(value: Any, rule: Rule, where: str) -> Findings:
    kind = value.get("type") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in ELEMENT_RULES or (rule.only and kind not in rule.only):
        yield _say(f"unsupported type: {kind}", where)
        return
    yield from _fields(value, ELEMENT_RULES[kind], where)
    if kind in {"static_select", "multi_static_select"} and ("options" in value) == ("option_groups" in value):
        yield _say("must define either `options` or `option_groups`", where)
    yield from _initial(value, where)


def _initial(element: Json, where: str) -> Findings:
    """An initial option must be one of the options, to the letter."""
    if "options" not in element and "option_groups" not in element:
        return
    options = list(all_options(element))
    chosen = [element["initial_option"]] if "initial_option" in element else element.get("initial_options", [])
    for option in chosen if isinstance(chosen, list) else []:
        if option not in options:
            yield _say("initial option must match one of the options", where)


def all_options(element: Json) -> Iterator[Json]:
    """The options an element lists, in or out of groups."""
    groups = element.get("option_groups")
    if isinstance(groups, list):
        for group in groups:
            inner = group.get("options") if isinstance(group, dict) else None
            yield from inner if isinstance(inner, list) else []
    options = element.get("options")
    if isinstance(options, list):
        yield from options


def _elements(value: Any, rule: Rule, where: str) -> Findings:
    yield from _list(value, rule, where)
    seen: set[str] = set()
    for index, item in enumerate(value if isinstance(value, list) else []):
        yield from _element(item, rule, f"{where}/{index}")
        action_id = item.get("action_id") if isinstance(item, dict) else None
        if isinstance(action_id, str):
            if action_id in seen:
                yield _say(f"`action_id` {action_id!r} already exists in this block", f"{where}/{index}/action_id")
            seen.add(action_id)


def _context(value: Any, rule: Rule, where: str) -> Findings:
    yield from _list(value, rule, where)
    for index, item in enumerate(value if isinstance(value, list) else []):
        if isinstance(item, dict) and item.get("type") == "image":
            yield from _element(item, Rule("element"), f"{where}/{index}")
        else:
            yield from _text(item, Rule("text"), f"{where}/{index}")


def _blocks(value: Any, rule: Rule, where: str) -> Findings:
    """Blocks inside a container: any a message may have, but markdown, cards and containers (Slack's reference)."""
    yield from _list(value, rule, where)
    for index, block in enumerate(value if isinstance(value, list) else []):
        if isinstance(block, dict) and block.get("type") in ("markdown", "card", "container"):
            yield _say(f"unsupported type: {block['type']}", f"{where}/{index}/type")
        else:
            yield from _block(block, "message", f"{where}/{index}")


def _cells(value: Any, rule: Rule, where: str) -> Findings:
    yield from _list(value, rule, where)
    if isinstance(value, list):
        yield from (_say(text, where + below) for text, below in data.cells(value))


def _chart(value: Any, rule: Rule, where: str) -> Findings:
    yield from (_say(text, where + below) for text, below in data.chart(value))


def _any(value: Any, rule: Rule, where: str) -> Findings:
    yield from ()


CHECKS: dict[str, Callable[[Any, Rule, str], Findings]] = {
    "text": _text,
    "plain": _text,
    "string": _string,
    "url": _url,
    "flag": _flag,
    "integer": _integer,
    "list": _list,
    "texts": _texts,
    "option": _option,
    "options": _options,
    "groups": _groups,
    "confirm": _confirm,
    "element": _element,
    "elements": _elements,
    "context": _context,
    "blocks": _blocks,
    "cells": _cells,
    "chart": _chart,
    "any": _any,
}


def _fields(value: Any, rules: Rules, where: str, known: frozenset[str] = frozenset({"type"})) -> Findings:
    if not isinstance(value, dict):
        yield _say("must be an object", where)
        return
    for name, rule in rules.items():
        if value.get(name) is not None:
            yield from CHECKS[rule.kind](value[name], rule, f"{where}/{name}")
        elif rule.required:
            yield _say(f"missing required field: {name}", where)
    yield from (
        _say(f"invalid additional property: {name}", where) for name in value if name not in rules and name not in known
    )


def _block(block: Any, surface: str, where: str) -> Findings:
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(kind, str) or kind not in BLOCK_RULES or kind not in BLOCKS_ON[surface]:
        yield _say(f"unsupported type: {kind}", f"{where}/type")
        return
    yield from _fields(block, {**BLOCK_RULES[kind], "block_id": Rule("string", low=1, high=IDENTIFIER)}, where)
    if kind == "section" and not block.get("text") and not block.get("fields"):
        yield _say("missing required field: text or fields", where)
    if kind == "image" and not block.get("image_url") and not block.get("slack_file"):
        yield _say("missing required field: image_url or slack_file", where)


def check_blocks(surface: str, blocks: Any, where: str = "/blocks") -> list[str]:
    """What is wrong with `blocks` on a surface ("message", "modal", "home"); empty when nothing is."""
    if not isinstance(blocks, list):
        return [_say("must be an array", where)]
    findings: list[str] = []
    if len(blocks) > BLOCKS_PER_SURFACE[surface]:
        findings.append(_say(f"no more than {BLOCKS_PER_SURFACE[surface]} items allowed", where))
    ids: set[str] = set()
    for index, block in enumerate(blocks):
        findings.extend(_block(block, surface, f"{where}/{index}"))
        block_id = block.get("block_id") if isinstance(block, dict) else None
        if isinstance(block_id, str):
            if block_id in ids:
                findings.append(_say(f"`block_id` {block_id!r} already exists", f"{where}/{index}/block_id"))
            ids.add(block_id)
    shown = [block for block in blocks if isinstance(block, dict)]
    if sum(len(str(b.get("text", ""))) for b in shown if b.get("type") == "markdown") > MARKDOWN_TOTAL:
        findings.append(_say(f"markdown blocks must be less than {MARKDOWN_TOTAL + 1} characters together", where))
    if sum(b.get("type") == "data_visualization" for b in shown) > CHARTS:
        findings.append(_say(f"no more than {CHARTS} data visualizations allowed", where))
    tables = [b for b in shown if b.get("type") == "data_table"]
    if len(tables) > 1 and sum(data.told(b.get("rows")) for b in tables) > DATA_TABLE_TEXT:
        findings.append(_say(f"data tables must be less than {DATA_TABLE_TEXT + 1} characters together", where))
    if sum(b.get("type") == "table" for b in shown) > 1:
        findings.append(_say("only one table allowed", where))
    return findings


def check_view(view: Any) -> list[str]:
    """What is wrong with a view as given to views.open, push, update or publish; empty when nothing is."""
    kind = view.get("type") if isinstance(view, dict) else None
    if not isinstance(kind, str) or kind not in VIEW_RULES:
        return [_say(f"unsupported type: {kind}", "/view/type")]
    findings = list(_fields(view, VIEW_RULES[kind], "/view"))
    blocks = view.get("blocks")
    if blocks is not None:
        findings.extend(check_blocks(kind, blocks, "/view/blocks"))
    if (
        kind == "modal"
        and not view.get("submit")
        and isinstance(blocks, list)
        and any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
    ):
        findings.append(_say("missing required field: submit (the view has input blocks)", "/view"))
    return findings
