"""What a person alone is told who typed something in the thread of a report. Pure."""

from __future__ import annotations

from bot.views import blocks, escape
from bot.views.blocks import Element, Shown
from bot.views.ids import Action
from store.texts import say


def offer(language: str, offer_id: int, group: str) -> Shown:
    """It stays in Slack, and can be sent as mail."""
    return _told(language, "thread.stays", group, _send(language, offer_id, group), _decline(language, offer_id))


def taken(language: str, offer_id: int, group: str) -> Shown:
    """The form is open; what is not sent with it stays in Slack."""
    return _told(language, "thread.taken", group, _send(language, offer_id, group))


def declined(language: str, offer_id: int, group: str) -> Shown:
    """They are not told any more; this one can be sent all the same."""
    return _told(language, "thread.declined", group, _send(language, offer_id, group))


def _told(language: str, key: str, group: str, *buttons: Element) -> Shown:
    text = say(language, key, via=escape.mrkdwn, group=group)
    return blocks.shown(text, [blocks.section(text), blocks.actions(*buttons)])


def _send(language: str, offer_id: int, group: str) -> Element:
    spoken = say(language, "thread.send_spoken", via=escape.plain, group=group)
    return blocks.button(say(language, "thread.send"), Action.THREAD_SEND, offer_id, spoken=spoken)


def _decline(language: str, offer_id: int) -> Element:
    spoken = say(language, "thread.decline_spoken")
    return blocks.button(say(language, "thread.decline"), Action.THREAD_DECLINE, offer_id, spoken=spoken)
