"""Text from outside, made harmless for Slack: nothing in it pings, links, formats or reorders.

Slack decodes `&amp; &lt; &gt;` in every text object and acts on `<…>` only where it is not escaped. Formatting
characters have no escape in Slack, so where they would act they are replaced by characters that look the same.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

from store.texts import Markup

ELLIPSIS = "…"
# Bidirectional controls reorder what follows ("gpj.exe"), zero-width ones hide differences, the tag block hides text.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
SPECIAL = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
# Asterisk, tilde and grave accent format anywhere a word begins; an underscore only at the edge of a word.
LOOKALIKE = {ord("*"): "∗", ord("~"): "∼", ord("`"): "ˋ"}
EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
# A shortcode is closed by a colon of the text itself, or by one of the sentence it ends up in.
EMOJI = re.compile(r":(?=\S{1,100}:|[^\W\d_][^\s:]{0,100}\Z|[+-][^\s:]{1,100}\Z)")
HALF_FENCE = re.compile(r"(?<!`)`{1,2}…\Z")
SLACK_ID = re.compile(r"[A-Z0-9]{1,32}")


def visible(text: str, *, lines: bool = False) -> str:
    """Without control, bidirectional and zero-width characters and lone surrogates; one line unless `lines`."""
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = INVISIBLE.sub("", "\n".join(text.splitlines()))
    keep = "\n\t" if lines else "\t"
    text = "".join(c for c in text if c in keep or unicodedata.category(c) not in {"Cc", "Cs", "Co"})
    return text if lines else " ".join(text.split())


def decoded(text: str) -> str:
    """A text of Slack's with the characters for its three entities."""
    for entity, character in ENTITIES:
        text = text.replace(entity, character)
    return text


def cut(text: str, limit: int) -> str:
    """At most `limit` code points, ending in "…" if cut; never within an entity, a token or a combination."""
    if len(text) <= limit:
        return text
    kept = text[: max(limit - 1, 0)]
    while kept and (unicodedata.combining(text[len(kept)]) or kept[-1] == "\u200d"):
        kept = kept[:-1]
    kept = re.sub(r"<(?:[!@#][^<>]*)?$", "", re.sub(r"&[a-z]{0,3}$", "", kept))
    return kept + ELLIPSIS if limit > 0 else ""


def cut_closed(text: str, limit: int) -> str:
    """As `cut`, for a ready mrkdwn text: a quotation that is cut is closed, or all behind its fence would be loose."""
    if len(text) <= limit:
        return text
    kept = HALF_FENCE.sub(ELLIPSIS, cut(text, limit - len("\n```")))
    return f"{kept}\n```" if kept.count("```") % 2 else kept


def plain(text: str, limit: int = 3000) -> str:
    """For a plain_text object: one line, escaped, no emoji shortcodes (the object says `emoji: false`)."""
    return cut(visible(text), limit).translate(SPECIAL)


def mrkdwn(text: str, limit: int = 1000) -> str:
    """For a place in a mrkdwn sentence: one line, escaped, formatting replaced by look-alikes."""
    text = cut(visible(text), limit).translate(LOOKALIKE)
    text = EDGE_UNDERSCORE.sub("ˍ", text)
    return EMOJI.sub("꞉", text).translate(SPECIAL)


def quoted(text: str, limit: int) -> Markup:
    """A block of text as it is, fenced; `limit` counts the result. No text can close the fence."""
    inner = visible(text, lines=True).replace("`", "ˋ").translate(SPECIAL)
    room = limit - len("```\n\n```")
    return Markup(f"```\n{cut(inner, room)}\n```")


def fitting(text: str, limit: int) -> int:
    """How many of the first characters of `text` are at most `limit` once escaped; at least one."""
    used = 0
    for n, character in enumerate(text):
        used += len(SPECIAL.get(ord(character), character))
        if used > limit:
            return max(n, 1)
    return len(text)


def person(slack_id: str) -> Markup:
    """A mention that Slack shows as the person's name; posted with `parse: none`, it rings only where we say so."""
    return Markup(f"<@{slack_id}>") if SLACK_ID.fullmatch(slack_id) else Markup(mrkdwn(slack_id))


def channel(channel_id: str) -> Markup:
    """A channel's link by its id."""
    return Markup(f"<#{channel_id}>") if SLACK_ID.fullmatch(channel_id) else Markup(mrkdwn(channel_id))


def moment(at: datetime, *, style: str = "{date_short_pretty} {time}") -> Markup:
    """A time as each reader's own: Slack's date token, with UTC for clients that cannot."""
    return Markup(f"<!date^{int(at.timestamp())}^{style}|{at:%Y-%m-%d %H:%M} UTC>")
