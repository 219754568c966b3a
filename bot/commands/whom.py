"""Who is meant, of a command's tokens: people, addresses and places, in which role and until when; one person; a
mailbox. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.commands import french
from bot.commands.bound import Bound
from bot.commands.grammar import Misread, Token, TokenKind, nearest
from bot.commands.named import Outsider, Place, Role
from bot.commands.reader import Reader, is_word, shown

UNTIL = ("until", "till", "jusqu'au", "jusqu’au", "jusqu'à", "jusqu’à")


def people(bound: Bound, reader: Reader) -> Bound:
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
            raise Misread(f"{token.kind.value}_is_no_person", word=shown(token))
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
    return taken and is_word(left[0], *french.AS, *UNTIL)


def _no_loose_words(words: Sequence[str]) -> None:
    if not words:
        return
    word = words[0]
    if word.startswith("@"):
        raise Misread("person_not_picked", word=word)
    if "@" in word:
        raise Misread("malformed_address", word=word)
    raise Misread("word_is_no_person", word=word)


def role(bound: Bound, reader: Reader) -> Bound:
    if is_word(reader.left[0], *UNTIL):
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


def mailbox(bound: Bound, reader: Reader) -> Bound:
    """`at ADDRESS`, or an address that is all there is; anything else is left for the note."""
    said = [token for token in reader.left[:2] if not token.quoted]
    if len(said) == 2 and said[0].value.lower() in french.AT and said[1].kind is TokenKind.ADDRESS:
        reader.left.pop(0)
    elif len(reader.left) != 1 or reader.left[0].kind is not TokenKind.ADDRESS:
        return bound
    return replace(bound, mailbox=reader.left.pop(0).value)


def until(bound: Bound, reader: Reader) -> Bound:
    """`until DATE`, in the words dates are read with."""
    if not is_word(reader.left[0], *UNTIL):
        raise Misread("unexpected", word=shown(reader.left[0]))
    said = reader.rest()
    if len(said.split()) == 1:
        raise Misread("missing_until")
    return replace(bound, until=said)


def holder(bound: Bound, reader: Reader) -> Bound:
    """A person, if the next word is one; what is no person is left for the name."""
    if reader.left[0].kind is not TokenKind.PERSON:
        return bound
    return replace(bound, holder=reader.left.pop(0).value)


def whom(bound: Bound, reader: Reader) -> Bound:
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
    raise Misread("whom_is_no_person", word=shown(token))
