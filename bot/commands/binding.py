"""A verb's tokens taken into its arguments, as its schema says.

Pure. The schema is data of the command table, which also prints the usage, so the two cannot differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from bot.commands import french
from bot.commands.bound import Argument as Argument
from bot.commands.bound import Bound as Bound
from bot.commands.bound import Deed as Deed
from bot.commands.bound import Kind as Kind
from bot.commands.bound import Turn as Turn
from bot.commands.bound import Wish as Wish
from bot.commands.grammar import QUOTES, Misread, Token, TokenKind, nearest, plain, tokens
from bot.commands.named import Outsider as Outsider
from bot.commands.named import Place as Place
from bot.commands.named import Role as Role

SWITCH = {"on": True, "yes": True, "oui": True, "off": False, "no": False, "non": False}
UNTIL = ("until", "till", "jusqu'au", "jusqu’au", "jusqu'à", "jusqu’à")


@dataclass(slots=True)
class _Reader:
    """The tokens not yet taken."""

    text: str
    left: list[Token] = field(default_factory=list)

    def rest(self) -> str:
        """All that is left, as typed; one pair of quotes around the whole is taken off."""
        if not self.left:
            return ""
        first = self.left[0]
        raw = self.text[first.start :].strip()
        if first.quoted and len(self.left) == 1:
            raw = raw[1:].removesuffix(QUOTES[raw[0]])
        rest = plain(raw, joiners=True).strip()
        self.left = []
        return rest

    def goes_on(self, start: int) -> None:
        """Read on from within a word, as if a new one began there."""
        self.left = [replace(token, start=token.start + start) for token in tokens(self.text[start:])]


def bind(arguments: Sequence[Argument], text: str, typed: Sequence[Token]) -> Bound:
    """The arguments of a command from its tokens (those after the verb) and its raw text.

    Raises Misread: `missing_<kind>`, `unexpected`, or what the kind of argument cannot take.
    """
    bound, reader = Bound(), _Reader(text, list(typed))
    for argument in arguments:
        if reader.left:
            bound = TAKE[argument.kind](bound, reader)
        if argument.required and not _given(bound, argument.kind):
            raise Misread(f"missing_{argument.kind.value}")
    if reader.left:
        raise Misread("unexpected", word=_shown(reader.left[0]))
    return bound


def _given(bound: Bound, kind: Kind) -> bool:
    if kind is Kind.PEOPLE:
        return bool(bound.slack_ids or bound.outsiders or bound.channels or bound.teams)
    if kind is Kind.VALUE:
        return bound.value is not None  # "" is a value: it empties a setting
    return bool(getattr(bound, kind.value))


def _shown(token: Token) -> str:
    return token.label or token.value


def _take_verb(bound: Bound, reader: _Reader) -> Bound:
    return replace(bound, verb=reader.left.pop(0).value.lower())


# Slack's clients, and phones, make one long dash of two short ones.
FROM, TEMPLATE = ({f"{dashes}{word}" for dashes in ("--", "—", "–", "-")} for word in ("from", "template"))


def _from_follows(left: Sequence[Token]) -> bool:
    return left[0].kind is TokenKind.WORD and not left[0].quoted and left[0].value.lower() in FROM


def _take_source(bound: Bound, reader: _Reader) -> Bound:
    """`--from #channel` or `--from @usergroup`."""
    if not _from_follows(reader.left):
        return bound
    reader.left.pop(0)
    if not reader.left:
        raise Misread("missing_source")
    token = reader.left.pop(0)
    if token.kind not in {TokenKind.CHANNEL, TokenKind.TEAM}:
        raise Misread("source_not_picked", word=_shown(token)[:60])
    return replace(bound, source=token.value)


def _take_group(bound: Bound, reader: _Reader) -> Bound:
    if _from_follows(reader.left) or reader.left[0].value.partition("=")[0].lower() in TEMPLATE:
        return bound
    token = reader.left.pop(0)
    if token.kind not in {TokenKind.ADDRESS, TokenKind.WORD} or not token.value.strip():
        raise Misread("group_is_no_address", word=_shown(token))
    return replace(bound, group=token.value.strip())


def _take_people(bound: Bound, reader: _Reader) -> Bound:
    """People, addresses, channels and user groups up to the end, to `as ROLE` or to `until DATE`; loose words before
    `<a@b>` are that address's name."""
    slack_ids: list[str] = []
    outsiders: list[Outsider] = []
    places: dict[TokenKind, list[Place]] = {TokenKind.CHANNEL: [], TokenKind.TEAM: []}
    name: list[str] = []
    while reader.left:
        if _follows(reader.left, taken=bool(slack_ids or outsiders or any(places.values()))):
            break
        token = reader.left.pop(0)
        if token.kind is TokenKind.PERSON:
            _no_loose_words(name)
            slack_ids.append(token.value)
        elif token.kind is TokenKind.ADDRESS and (token.angled or not name):
            outsiders.append(Outsider(token.value, " ".join(name)))
            name = []
        elif token.kind is TokenKind.WORD:
            name.append(token.value)
        elif token.kind is TokenKind.ADDRESS:
            _no_loose_words(name)
        elif token.kind in places:
            _no_loose_words(name)
            places[token.kind].append(Place(token.value, token.label))
        else:
            raise Misread(f"{token.kind.value}_is_no_person", word=_shown(token))
    _no_loose_words(name)
    return replace(
        bound,
        slack_ids=tuple(dict.fromkeys(slack_ids)),
        outsiders=tuple(dict.fromkeys(outsiders)),
        channels=tuple(dict.fromkeys(places[TokenKind.CHANNEL])),
        teams=tuple(dict.fromkeys(places[TokenKind.TEAM])),
    )


def _follows(left: Sequence[Token], *, taken: bool) -> bool:
    """Whether what is left is `as ROLE` or `until DATE`: only after someone was named, for a person may be called
    "As"."""
    return taken and _is(left[0], *french.AS, *UNTIL)


def _is(token: Token, *words: str) -> bool:
    return token.kind is TokenKind.WORD and not token.quoted and token.value.lower() in words


def _no_loose_words(words: Sequence[str]) -> None:
    if not words:
        return
    word = words[0]
    if word.startswith("@"):
        raise Misread("person_not_picked", word=word)
    if "@" in word:
        raise Misread("malformed_address", word=word)
    raise Misread("word_is_no_person", word=word)


def _take_role(bound: Bound, reader: _Reader) -> Bound:
    if _is(reader.left[0], *UNTIL):
        return bound
    if reader.left[0].value.lower() in french.AS:
        reader.left.pop(0)
        if not reader.left:
            raise Misread("missing_role")
    word = reader.left.pop(0).value.lower()
    singular = french.KEYWORDS.get(word.removesuffix("s"), word.removesuffix("s"))
    near = nearest(singular, [role.value for role in Role])
    if near is None:
        raise Misread("unknown_role", word=word)
    if singular not in {near, near[: len("admin")]}:
        raise Misread("unknown_role_near", word=word, near=near)
    return replace(bound, role=Role(near))


def _take_mailbox(bound: Bound, reader: _Reader) -> Bound:
    """`at ADDRESS`, or an address that is all there is; anything else is left for the note."""
    said = [token for token in reader.left[:2] if not token.quoted]
    if len(said) == 2 and said[0].value.lower() in french.AT and said[1].kind is TokenKind.ADDRESS:
        reader.left.pop(0)
    elif len(reader.left) != 1 or reader.left[0].kind is not TokenKind.ADDRESS:
        return bound
    return replace(bound, mailbox=reader.left.pop(0).value)


def _take_text(bound: Bound, reader: _Reader) -> Bound:
    return replace(bound, text=reader.rest())


def _take_date(bound: Bound, reader: _Reader) -> Bound:
    return replace(bound, date=reader.rest())


def _take_until(bound: Bound, reader: _Reader) -> Bound:
    """`until DATE`, in the words dates are read with."""
    if not _is(reader.left[0], *UNTIL):
        raise Misread("unexpected", word=_shown(reader.left[0]))
    said = reader.rest()
    if len(said.split()) == 1:
        raise Misread("missing_until")
    return replace(bound, until=said)


def _take_wish(bound: Bound, reader: _Reader) -> Bound:
    typed = _name(reader)
    word = french.KEYWORDS.get(typed, typed)
    if word not in {wish.value for wish in Wish}:
        raise Misread("unknown_wish", word=word)
    return replace(bound, wish=Wish(word))


def _take_switch(bound: Bound, reader: _Reader) -> Bound:
    word = reader.left.pop(0).value.lower()
    if word not in SWITCH:
        raise Misread("unknown_switch", word=word)
    return replace(bound, switch=SWITCH[word])


def _take_setting(bound: Bound, reader: _Reader) -> Bound:
    return replace(bound, setting=re.sub(r"[\s-]+", "_", _name(reader).strip().rstrip(":=")))


def _name(reader: _Reader) -> str:
    """The next word in lower case, or what stands before the `=` in it: what stands behind is read on."""
    token = reader.left[0]
    name = token.value.partition("=")[0]
    if name and not token.quoted and reader.text.startswith(f"{name}=", token.start):
        reader.goes_on(token.start + len(name) + 1)
        return name.lower()
    return reader.left.pop(0).value.lower()


def _take_value(bound: Bound, reader: _Reader) -> Bound:
    token = reader.left[0]
    if token.kind in {TokenKind.CHANNEL, TokenKind.TEAM} and len(reader.left) == 1:
        reader.left.pop(0)
        return replace(bound, value=token.value)
    return replace(bound, value=reader.rest())


def _take_search(bound: Bound, reader: _Reader) -> Bound:
    """Words up to the end or to `page N`."""
    words: list[str] = []
    while reader.left and not _page_follows(reader.left):
        words.append(_shown(reader.left.pop(0)))
    return replace(bound, search=" ".join(words)[:100])


def _page_follows(left: Sequence[Token]) -> bool:
    """Whether what is left is `page N`, or a bare number at the very end."""
    if len(left) == 1:
        return not left[0].quoted and left[0].value.isdecimal()
    return len(left) == 2 and left[0].value.lower() == "page" and not left[0].quoted


def _take_page(bound: Bound, reader: _Reader) -> Bound:
    if len(reader.left) > 1 and reader.left[0].value.lower() == "page":
        reader.left.pop(0)
    word = reader.left.pop(0).value
    if not re.fullmatch(r"[0-9]{1,6}", word) or int(word) < 1:
        raise Misread("malformed_page", word=word)
    return replace(bound, page=int(word))


def _take_deed(bound: Bound, reader: _Reader) -> Bound:
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


def _take_holder(bound: Bound, reader: _Reader) -> Bound:
    """A person, if the next word is one; what is no person is left for the name."""
    if reader.left[0].kind is not TokenKind.PERSON:
        return bound
    return replace(bound, holder=reader.left.pop(0).value)


def _take_label(bound: Bound, reader: _Reader) -> Bound:
    return replace(bound, label=reader.rest())


def _take_whom(bound: Bound, reader: _Reader) -> Bound:
    """One person or address, if that is the next word; other words are left for what follows."""
    token = reader.left[0]
    if token.kind is TokenKind.WORD:
        if token.value.startswith("@") and not token.quoted:
            raise Misread("person_not_picked", word=token.value)
        if "@" in token.value and not token.quoted:
            raise Misread("malformed_address", word=token.value)
        return bound
    reader.left.pop(0)
    if token.kind is TokenKind.PERSON:
        return replace(bound, slack_ids=(token.value,))
    if token.kind is TokenKind.ADDRESS:
        return replace(bound, outsiders=(Outsider(token.value),))
    raise Misread("whom_is_no_person", word=_shown(token))


def _take_post(bound: Bound, reader: _Reader) -> Bound:
    return replace(bound, post=reader.rest())


def _take_turn(bound: Bound, reader: _Reader, what: Kind = Kind.PATTERN) -> Bound:
    """`add` or `remove`, if it is the next word; else what is named is added."""
    typed = reader.left[0].value.lower()
    word = french.KEYWORDS.get(typed, typed)
    if reader.left[0].quoted or word not in set(Turn):
        return bound
    reader.left.pop(0)
    if not reader.left:
        raise Misread(f"missing_{what.value}")
    return replace(bound, turn=Turn(word))


def _take_address(bound: Bound, reader: _Reader, what: Kind) -> Bound:
    token = reader.left.pop(0)
    if token.kind not in {TokenKind.ADDRESS, TokenKind.WORD} or not token.value.strip():
        raise Misread("group_is_no_address", word=_shown(token))
    address = token.value.strip()
    return replace(bound, alias=address) if what is Kind.ALIAS else replace(bound, anew=address)


def _take_template(bound: Bound, reader: _Reader) -> Bound:
    """`--template NAME`, as phones write the dashes too, or with `=`."""
    if (word := _name(reader)) not in {*TEMPLATE, "template"}:
        raise Misread("unexpected", word=word[:60])
    if not reader.left:
        raise Misread("missing_template")
    return replace(bound, template=reader.left.pop(0).value.lower()[:60])


def _take_pattern(bound: Bound, reader: _Reader) -> Bound:
    token = reader.left.pop(0)
    if token.kind not in {TokenKind.ADDRESS, TokenKind.WORD}:
        raise Misread("no_pattern", word=_shown(token)[:60])
    return replace(bound, pattern=token.value)


def _take_trail(bound: Bound, reader: _Reader) -> Bound:
    words, reader.left = tuple(reader.left), []
    return replace(bound, words=words)


TAKE: dict[Kind, Callable[[Bound, _Reader], Bound]] = {
    Kind.VERB: _take_verb,
    Kind.GROUP: _take_group,
    Kind.SOURCE: _take_source,
    Kind.PEOPLE: _take_people,
    Kind.ROLE: _take_role,
    Kind.UNTIL: _take_until,
    Kind.MAILBOX: _take_mailbox,
    Kind.TEXT: _take_text,
    Kind.DATE: _take_date,
    Kind.WISH: _take_wish,
    Kind.SWITCH: _take_switch,
    Kind.SETTING: _take_setting,
    Kind.VALUE: _take_value,
    Kind.SEARCH: _take_search,
    Kind.PAGE: _take_page,
    Kind.DEED: _take_deed,
    Kind.HOLDER: _take_holder,
    Kind.LABEL: _take_label,
    Kind.WHOM: _take_whom,
    Kind.POST: _take_post,
    Kind.TURN: _take_turn,
    Kind.PATTERN: _take_pattern,
    Kind.TRAIL: _take_trail,
    Kind.STEP: partial(_take_turn, what=Kind.ALIAS),
    Kind.ALIAS: partial(_take_address, what=Kind.ALIAS),
    Kind.ANEW: partial(_take_address, what=Kind.ANEW),
    Kind.TEMPLATE: _take_template,
}
