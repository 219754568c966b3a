"""Reading Authentication-Results (RFC 8601 2.2): what a front relay of ours found out about a message.

Strict: a value that does not follow the grammar counts as none, since an attacker may have smuggled part of it in
through a MAIL FROM or a DKIM domain that the relay quoted (espoofer a4–a6). Comments mean nothing and are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mailbridge.headers import Field
from mailbridge.policy.display import raw_text
from store.terms import Address, InvalidAddress

_TOKEN = re.compile(r'\s*(?:(?P<mark>[;=./])|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<word>[^\s;="()/\\]+))')
_KEYWORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_DEEPEST_COMMENT = 5
# Relays write a few hundred octets, and one field. Strangers may write more through them, and each costs time to read.
_LONGEST = 8_192
_MOST = 10
PASS, FAIL, NONE, UNCHECKED = "relay_pass", "relay_fail", "relay_none", "relay_unchecked"


class Malformed(ValueError):  # noqa: N818 - about the header's value
    """The value does not follow RFC 8601."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One result: `method=result` and its properties (`header.from` -> value), keywords in lower case."""

    method: str
    result: str
    properties: dict[str, str] = field(default_factory=dict)


def verdict(found: Sequence[Field], author_domain: str, authserv_id: str) -> str:
    """What the fields of `authserv_id` say of `author_domain`: relay_pass, relay_fail, relay_none or relay_unchecked.

    The top-most field of ours decides, for the relay writes above what it received. A pass also needs every other
    field of ours to agree: a relay that leaves forged ones standing proves nothing.
    """
    name = authserv_id.lower().encode()
    named = [one for one in found if one.name == b"authentication-results" and name in one.value.lower()]
    opinions = [opinion for one in named[:_MOST] if (opinion := _opinion(one, author_domain, authserv_id))]
    if len(named) > _MOST:
        return FAIL
    if not opinions:
        return NONE
    if opinions[0] == PASS and FAIL in opinions:
        return FAIL
    return opinions[0]


def parse(value: bytes) -> tuple[str, list[Finding]]:
    """The authserv-id, lower-case, and the findings of an unfolded value. Raises Malformed."""
    if len(value) > _LONGEST:
        raise Malformed("it is too long")
    clauses = _clauses(_uncommented(raw_text(value)))
    head = clauses[0]
    # The identity, and at most the version of the grammar.
    if not head or not head[0] or len(head) > 2 or (len(head) == 2 and not head[1].isdigit()):
        raise Malformed("there is no authserv-id")
    identity = head[0].lower()
    if len(clauses) == 2 and [word.lower() for word in clauses[1]] == ["none"]:
        return identity, []
    return identity, [_finding(clause) for clause in clauses[1:] if clause]


def _opinion(one: Field, author_domain: str, authserv_id: str) -> str:
    try:
        identity, findings = parse(one.value)
    except Malformed:
        return FAIL  # it names us, and what we cannot read, we do not pass
    if identity != authserv_id.lower():
        return ""
    dmarc = [finding for finding in findings if finding.method == "dmarc"]
    if not dmarc:
        return NONE
    passed = all(
        finding.result == "pass" and _domain(finding.properties.get("header.from", "")) == author_domain
        for finding in dmarc
    )
    if passed:
        return PASS
    said = {finding.result for finding in dmarc}
    if said <= {"none", "temperror"}:
        return UNCHECKED if "temperror" in said else NONE  # nobody answered: that is no sign of a forgery
    return FAIL


def _domain(text: str) -> str:
    try:
        return Address.parse(f"x@{text}").domain
    except InvalidAddress:
        return ""


def _finding(clause: list[str]) -> Finding:
    """A resinfo whose tokens are joined pairs: `method[/version]=result`, `reason=…`, `ptype.property=value`."""
    pairs = [word.partition("=") for word in clause]
    method, equals, result = pairs[0]
    method = method.partition("/")[0]
    if not equals or not _KEYWORD.fullmatch(method) or not _KEYWORD.fullmatch(result):
        raise Malformed("a result is not method=result")
    properties: dict[str, str] = {}
    for name, equals, content in pairs[1:]:
        if not equals or name.lower() in properties:
            raise Malformed("a property is not name=value, or stands twice")
        properties[name.lower()] = content
    return Finding(method.lower(), result.lower(), properties)


def _clauses(text: str) -> list[list[str]]:
    """Clauses between semicolons, each a list of words in which `a = b` and `a . b` are joined again."""
    clauses: list[list[str]] = [[]]
    glue = False
    position = 0
    text = text.rstrip()
    while position < len(text):
        token = _TOKEN.match(text, position)
        if not token:
            raise Malformed("there is a character that has no place here")
        position = token.end()
        mark = token["mark"]
        word = re.sub(r"\\(.)", r"\1", token["quoted"][1:-1]) if token["quoted"] else token["word"]
        if mark == ";":
            clauses.append([])
            glue = False
        elif mark:
            if not clauses[-1]:
                raise Malformed("a clause begins with a mark")
            clauses[-1][-1] += mark
            glue = True
        elif glue:
            clauses[-1][-1] += word
            glue = False
        else:
            clauses[-1].append(word)
    return clauses


def _uncommented(text: str) -> str:
    """The text with comments as single blanks; parentheses within quoted strings are no comments."""
    kept: list[str] = []
    depth = position = 0
    quoted = False
    while position < len(text):
        letter = text[position]
        step = 2 if letter == "\\" and (quoted or depth) else 1
        if not depth and letter == '"':
            quoted = not quoted
        if not quoted and letter == "(":
            depth += 1
            if depth > _DEEPEST_COMMENT:
                raise Malformed("comments are nested too deeply")
        elif not quoted and letter == ")":
            depth -= 1
            if depth < 0:
                raise Malformed("a comment is closed that was not opened")
            kept.append(" ")
        elif not depth:
            kept.append(text[position : position + step])
        position += step
    if depth or quoted:
        raise Malformed("a comment or a quoted string is not closed")
    return "".join(kept)
