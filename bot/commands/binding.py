"""A verb's tokens taken into its arguments, as its schema says.

Pure. The schema is data of the command table, which also prints the usage, so the two cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from bot.commands import french, whom
from bot.commands.bound import Argument, Bound, Deed, Kind, Turn, Wish
from bot.commands.grammar import Misread, Token, TokenKind, nearest
from bot.commands.reader import Reader, shown

SWITCH = {"on": True, "yes": True, "oui": True, "off": False, "no": False, "non": False}


def bind(arguments: Sequence[Argument], text: str, typed: Sequence[Token]) -> Bound:
    """The arguments of a command from its tokens (those after the verb) and its raw text.

    Raises Misread: `missing_<kind>`, `unexpected`, or what the kind of argument cannot take.
    """
    bound, reader = Bound(), Reader(text, list(typed))
    for argument in arguments:
        if reader.left:
            bound = TAKE[argument.kind](bound, reader)
        if argument.required and not _given(bound, argument.kind):
            raise Misread(f"missing_{argument.kind.value}")
    if reader.left:
        raise Misread("unexpected", word=shown(reader.left[0]))
    return bound


def _given(bound: Bound, kind: Kind) -> bool:
    if kind is Kind.PEOPLE:
        return bool(bound.slack_ids or bound.outsiders or bound.channels or bound.teams)
    if kind is Kind.VALUE:
        return bound.value is not None  # "" is a value: it empties a setting
    return bool(getattr(bound, kind.value))


def _take_verb(bound: Bound, reader: Reader) -> Bound:
    return replace(bound, verb=reader.left.pop(0).value.lower())


# Slack's clients, and phones, make one long dash of two short ones.
FROM, TEMPLATE = ({f"{dashes}{word}" for dashes in ("--", "—", "–", "-")} for word in ("from", "template"))


def _from_follows(left: Sequence[Token]) -> bool:
    return left[0].kind is TokenKind.WORD and not left[0].quoted and left[0].value.lower() in FROM


def _take_source(bound: Bound, reader: Reader) -> Bound:
    """`--from #channel` or `--from @usergroup`."""
    if not _from_follows(reader.left):
        return bound
    reader.left.pop(0)
    if not reader.left:
        raise Misread("missing_source")
    token = reader.left.pop(0)
    if token.kind not in {TokenKind.CHANNEL, TokenKind.TEAM}:
        raise Misread("source_not_picked", word=shown(token)[:60])
    return replace(bound, source=token.value)


def _take_group(bound: Bound, reader: Reader) -> Bound:
    if _from_follows(reader.left) or reader.left[0].value.partition("=")[0].lower() in TEMPLATE:
        return bound
    token = reader.left.pop(0)
    if token.kind not in {TokenKind.ADDRESS, TokenKind.WORD} or not token.value.strip():
        raise Misread("group_is_no_address", word=shown(token))
    return replace(bound, group=token.value.strip())


def _take_text(bound: Bound, reader: Reader) -> Bound:
    return replace(bound, text=reader.rest())


def _take_date(bound: Bound, reader: Reader) -> Bound:
    return replace(bound, date=reader.rest())


def _take_wish(bound: Bound, reader: Reader) -> Bound:
    typed = _name(reader)
    word = french.KEYWORDS.get(typed, typed)
    if word not in {wish.value for wish in Wish}:
        raise Misread("unknown_wish", word=word)
    return replace(bound, wish=Wish(word))


def _take_switch(bound: Bound, reader: Reader) -> Bound:
    word = reader.left.pop(0).value.lower()
    if word not in SWITCH:
        raise Misread("unknown_switch", word=word)
    return replace(bound, switch=SWITCH[word])


def _take_setting(bound: Bound, reader: Reader) -> Bound:
    return replace(bound, setting=re.sub(r"[\s-]+", "_", _name(reader).strip().rstrip(":=")))


def _name(reader: Reader) -> str:
    """The next word in lower case, or what stands before the `=` in it: what stands behind is read on."""
    token = reader.left[0]
    name = token.value.partition("=")[0]
    if name and not token.quoted and reader.text.startswith(f"{name}=", token.start):
        reader.goes_on(token.start + len(name) + 1)
        return name.lower()
    return reader.left.pop(0).value.lower()


def _take_value(bound: Bound, reader: Reader) -> Bound:
    token = reader.left[0]
    if token.kind in {TokenKind.CHANNEL, TokenKind.TEAM} and len(reader.left) == 1:
        reader.left.pop(0)
        return replace(bound, value=token.value)
    return replace(bound, value=reader.rest())


def _take_search(bound: Bound, reader: Reader) -> Bound:
    """Words up to the end or to `page N`."""
    words: list[str] = []
    while reader.left and not _page_follows(reader.left):
        words.append(shown(reader.left.pop(0)))
    return replace(bound, search=" ".join(words)[:100])


def _page_follows(left: Sequence[Token]) -> bool:
    """Whether what is left is `page N`, or a bare number at the very end."""
    if len(left) == 1:
        return not left[0].quoted and left[0].value.isdecimal()
    return len(left) == 2 and left[0].value.lower() == "page" and not left[0].quoted


def _take_page(bound: Bound, reader: Reader) -> Bound:
    if len(reader.left) > 1 and reader.left[0].value.lower() == "page":
        reader.left.pop(0)
    word = reader.left.pop(0).value
    if not re.fullmatch(r"[0-9]{1,6}", word) or int(word) < 1:
        raise Misread("malformed_page", word=word)
    return replace(bound, page=int(word))


def _take_deed(bound: Bound, reader: Reader) -> Bound:
    word = reader.left.pop(0).value
    word = french.KEYWORDS.get(word.lower(), word)
    if word.lower() not in set(Deed):
        near = nearest(word, list(Deed))
        raise (
            Misread("unknown_deed", word=word[:60])
            if near is None
            else Misread("unknown_deed_near", word=word[:60], near=near)
        )
    return replace(bound, deed=Deed(word.lower()))


def _take_label(bound: Bound, reader: Reader) -> Bound:
    return replace(bound, label=reader.rest())


def _take_post(bound: Bound, reader: Reader) -> Bound:
    return replace(bound, post=reader.rest())


def _take_turn(bound: Bound, reader: Reader, what: Kind = Kind.PATTERN) -> Bound:
    """`add` or `remove`, if it is the next word; else what is named is added."""
    typed = reader.left[0].value.lower()
    word = french.KEYWORDS.get(typed, typed)
    if reader.left[0].quoted or word not in set(Turn):
        return bound
    reader.left.pop(0)
    if not reader.left:
        raise Misread(f"missing_{what.value}")
    return replace(bound, turn=Turn(word))


def _take_address(bound: Bound, reader: Reader, what: Kind) -> Bound:
    token = reader.left.pop(0)
    if token.kind not in {TokenKind.ADDRESS, TokenKind.WORD} or not token.value.strip():
        raise Misread("group_is_no_address", word=shown(token))
    address = token.value.strip()
    return replace(bound, alias=address) if what is Kind.ALIAS else replace(bound, anew=address)


def _take_template(bound: Bound, reader: Reader) -> Bound:
    """`--template NAME`, as phones write the dashes too, or with `=`."""
    if (word := _name(reader)) not in {*TEMPLATE, "template"}:
        raise Misread("unexpected", word=word[:60])
    if not reader.left:
        raise Misread("missing_template")
    return replace(bound, template=reader.left.pop(0).value.lower()[:60])


def _take_pattern(bound: Bound, reader: Reader) -> Bound:
    token = reader.left.pop(0)
    if token.kind not in {TokenKind.ADDRESS, TokenKind.WORD}:
        raise Misread("no_pattern", word=shown(token)[:60])
    return replace(bound, pattern=token.value)


def _take_trail(bound: Bound, reader: Reader) -> Bound:
    words, reader.left = tuple(reader.left), []
    return replace(bound, words=words)


TAKE: dict[Kind, Callable[[Bound, Reader], Bound]] = {
    Kind.VERB: _take_verb,
    Kind.GROUP: _take_group,
    Kind.SOURCE: _take_source,
    Kind.PEOPLE: whom.people,
    Kind.ROLE: whom.role,
    Kind.UNTIL: whom.until,
    Kind.MAILBOX: whom.mailbox,
    Kind.TEXT: _take_text,
    Kind.DATE: _take_date,
    Kind.WISH: _take_wish,
    Kind.SWITCH: _take_switch,
    Kind.SETTING: _take_setting,
    Kind.VALUE: _take_value,
    Kind.SEARCH: _take_search,
    Kind.PAGE: _take_page,
    Kind.DEED: _take_deed,
    Kind.HOLDER: whom.holder,
    Kind.LABEL: _take_label,
    Kind.WHOM: whom.whom,
    Kind.POST: _take_post,
    Kind.TURN: _take_turn,
    Kind.PATTERN: _take_pattern,
    Kind.TRAIL: _take_trail,
    Kind.STEP: partial(_take_turn, what=Kind.ALIAS),
    Kind.ALIAS: partial(_take_address, what=Kind.ALIAS),
    Kind.ANEW: partial(_take_address, what=Kind.ANEW),
    Kind.TEMPLATE: _take_template,
}
