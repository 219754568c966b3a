"""What a front relay of ours found of a message: spam or not, in the fields such systems write.

Only of a mail that such a relay brings is this asked; from anybody else these fields prove nothing. One that says yes
is enough: whoever wrote "no" above or below it may have been the sender.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mailbridge.headers import Field
from mailbridge.policy import results
from mailbridge.policy.display import raw_text

_READ = 20  # fields; relays write a handful, senders may write thousands
_LONGEST = 1_000
_NUMBER = r"(-?\d{1,4}(?:\.\d{1,3})?)"
_SCORE = re.compile(rf"\bscores?={_NUMBER}", re.IGNORECASE)  # SpamAssassin: `Yes, score=7.2 required=5.0`
_BRACKETS = re.compile(rf"\[{_NUMBER} */ *-?[\d.]{{1,8}}\]")  # rspamd: `default: True [15.30 / 15.00]`
_BARE = re.compile(rf"{_NUMBER}\b")
_YES = frozenset({"yes", "true", "spam"})
# Exchange's confidence level from which it is junk, and what its filter concluded.
_JUNK_LEVEL = 5
_EXCHANGE_SAYS = re.compile(r"\bSFV:(?:SPM|SKB|SKS)\b")
# Methods that filters write into an Authentication-Results under our relay's name; not registered, but in use.
_METHODS = frozenset({"x-spam", "spam", "x-spam-status", "x-spam-flag"})
_METHOD_SAYS = frozenset({"yes", "spam", "fail", "true", "reject", "quarantine"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it is spam, and the number given for it as text; "" where none was."""

    spam: bool = False
    score: str = ""


NONE = Verdict()


def verdict(found: Sequence[Field], authserv_id: str) -> Verdict:
    """What these fields say. `authserv_id` is the name the relay signs its Authentication-Results with."""
    asked = [field for field in found if field.name in _READERS][:_READ]
    said = [_READERS[field.name](raw_text(field.value[:_LONGEST])) for field in asked]
    named = [field for field in found if field.name == b"authentication-results"][:_READ]
    said += [_method(field.value, authserv_id) for field in named]
    return Verdict(any(one.spam for one in said), next((one.score for one in said if one.score), ""))


def _first_word(text: str) -> str:
    return re.split(r"[\s,;]", text.strip(), maxsplit=1)[0].lower()


def _flag(text: str) -> Verdict:
    return Verdict(_first_word(text) in _YES)


def _number(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""


def _status(text: str) -> Verdict:
    return Verdict(_first_word(text) in _YES, _number(_SCORE, text))


def _score(text: str) -> Verdict:
    # A number without the threshold it is measured by is no verdict.
    match = _BARE.match(text.strip())
    return Verdict(False, match[1] if match else "")


def _level(text: str) -> Verdict:
    stars = len(text) - len(text.lstrip("*"))
    return Verdict(False, str(stars) if stars else "")


def _rspamd(text: str) -> Verdict:
    return Verdict(re.match(r"\s*\S+: True\b", text) is not None, _number(_BRACKETS, text))


def _action(text: str) -> Verdict:
    # What rspamd asked its milter to do (`add header` and `rewrite subject` mark spam; `greylist` does not).
    return Verdict(text.strip().lower() in {"add header", "add_header", "rewrite subject", "rewrite_subject", "reject"})


def _confidence(text: str) -> Verdict:
    match = re.fullmatch(r"-?\d{1,2}", text.strip())
    return Verdict(match is not None and int(match[0]) >= _JUNK_LEVEL)


def _exchange(text: str) -> Verdict:
    return Verdict(_EXCHANGE_SAYS.search(text) is not None)


_READERS: Mapping[bytes, Callable[[str], Verdict]] = {
    b"x-spam-status": _status,
    b"x-spam-flag": _flag,
    b"x-spam": _flag,
    b"x-spam-score": _score,
    b"x-spam-level": _level,
    b"x-spamd-result": _rspamd,
    b"x-rspamd-score": _score,
    b"x-rspamd-action": _action,
    b"x-ms-exchange-organization-scl": _confidence,
    b"x-forefront-antispam-report": _exchange,
}


def _method(value: bytes, authserv_id: str) -> Verdict:
    try:
        identity, findings = results.parse(value)
    except results.Malformed:
        return NONE
    if not authserv_id or identity != authserv_id.lower():
        return NONE
    mine = [finding for finding in findings if finding.method in _METHODS]
    score = next((text for one in mine if (text := _number(_BARE, one.properties.get("score", "")))), "")
    return Verdict(any(one.result in _METHOD_SAYS for one in mine), score)
