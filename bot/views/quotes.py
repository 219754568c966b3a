"""What an answer says itself, without the mail it quotes: for the thread of a report. Pure.

Programs quote in a dozen ways, and people write above, below and between. What is surely quoted goes; where it is not
sure, it stays: a line too many is better than an answer nobody sees.
"""

from __future__ import annotations

import re

LINES_READ = 2_000
LINE_READ = 400  # characters of one line that are looked at
# "On … wrote:" as the programs of some languages have it; the date and the name between are anybody's.
ATTRIBUTION = re.compile(
    r"(?:On|Le|Am|Il|El|Em|Op)\b.{3,300}"
    r"\b(?:wrote|a écrit|écrit|schrieb.{0,100}|ha scritto|escribió|escreveu|schreef.{0,100})\s*:",
    re.IGNORECASE,
)
BEGINS = re.compile(r"(?:On|Le|Am|Il|El|Em|Op)\b.{3,300}", re.IGNORECASE)
# What Outlook and its like put above a mail that they quote without any mark.
SEPARATOR = re.compile(
    r"-{2,}\s*(?:Original Message|Message d['’]origine|Ursprüngliche Nachricht|Forwarded message|Message transféré)"
    r"\s*-{2,}|_{20,}",
    re.IGNORECASE,
)
FROM_LINE = re.compile(r"\*?(?:From|De|Von)\s?:\*?\s.{1,300}", re.IGNORECASE)
SENT_LINE = re.compile(r"\*?(?:Sent|Envoyé|Date|Gesendet)\s?:\*?\s.{1,300}", re.IGNORECASE)
SIGNATURE = re.compile(r"--\s?")
MOBILE = re.compile(r"(?:Sent from my|Envoyé de mon|Envoyé depuis)\s.{1,60}", re.IGNORECASE)


def stripped(text: str) -> str:
    """The text without quotations, their introductions and the signature; "" where nothing of its own is left."""
    lines = [line[:LINE_READ].rstrip() for line in text.splitlines()[:LINES_READ]]
    lines = _own(_above(lines))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(_unsigned(lines))).strip()


def _above(lines: list[str]) -> list[str]:
    """What stands above an unmarked quotation; all, where that would be nothing."""
    for at, line in enumerate(lines):
        bare = line.strip()
        quoted = SEPARATOR.fullmatch(bare) or (
            FROM_LINE.fullmatch(bare) and any(SENT_LINE.fullmatch(one.strip()) for one in lines[at + 1 : at + 4])
        )
        if quoted and any(one.strip() for one in lines[:at]):
            return lines[:at]
    return lines


def _own(lines: list[str]) -> list[str]:
    kept: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        length = _introduction(lines, at)
        if length:
            marked = any(one.lstrip().startswith(">") for one in lines[at + length :])
            if not marked and any(one.strip() for one in kept):
                break  # quoted without a mark, to the end
            at += length
            continue
        if not line.lstrip().startswith(">"):
            kept.append(line)
        at += 1
    return kept


def _introduction(lines: list[str], at: int) -> int:
    """How many lines from here say who wrote what is quoted below; programs break them over two, or three."""
    if not BEGINS.fullmatch(lines[at].strip()):
        return 0
    for length in (1, 2, 3):
        if ATTRIBUTION.fullmatch(" ".join(one.strip() for one in lines[at : at + length])):
            return length
    return 0


def _unsigned(lines: list[str]) -> list[str]:
    for at, line in enumerate(lines):
        if (SIGNATURE.fullmatch(line) or MOBILE.fullmatch(line.strip())) and any(one.strip() for one in lines[:at]):
            return lines[:at]
    return lines
