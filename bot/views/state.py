"""What stands in a view's inputs: as typed when it came back, and as it was when it was drawn.

Pure. Slack's payloads are read as plain data: its SDK's own classes refuse inputs they do not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bot.views import escape
from bot.views.ids import Field

Payload = Mapping[str, Any]


def text(view: Payload, field: Field | str) -> str:
    """The typed text without blanks around it; "" where there is none."""
    return str(_typed(view, field).get("value") or "").strip()


def choice(view: Payload, field: Field | str) -> str:
    """The value of a select or of radio buttons; "" where nothing is chosen."""
    return str((_typed(view, field).get("selected_option") or {}).get("value") or "")


def ticked(view: Payload, field: Field | str) -> frozenset[str]:
    """The values of the ticked checkboxes."""
    return frozenset(str(option["value"]) for option in _typed(view, field).get("selected_options") or ())


def channel(view: Payload, field: Field | str) -> str:
    """The id of the picked conversation; "" where none is picked."""
    return str(_typed(view, field).get("selected_conversation") or "")


def person(view: Payload, field: Field | str) -> str:
    """The Slack id of the one person picked; "" where none is."""
    return str(_typed(view, field).get("selected_user") or "")


def people(view: Payload, field: Field | str) -> tuple[str, ...]:
    """The Slack ids of the picked people, each once."""
    return tuple(dict.fromkeys(str(one) for one in _typed(view, field).get("selected_users") or ()))


def files(view: Payload, field: Field | str) -> tuple[str, ...]:
    """The ids of the chosen files."""
    return tuple(str(one.get("id") or "") for one in _typed(view, field).get("files") or ())


def day(view: Payload, field: Field | str) -> str:
    """The picked day as YYYY-MM-DD; "" where none is picked."""
    return str(_typed(view, field).get("selected_date") or "")


def has(view: Payload, field: Field | str) -> bool:
    """Whether the view has that input at all."""
    return any(block.get("block_id") == str(field) for block in view.get("blocks") or ())


def people_drawn(view: Payload, field: Field | str) -> tuple[str, ...]:
    """The people who stood in the picker when the view was drawn."""
    return tuple(str(one) for one in _drawn(view, field).get("initial_users") or ())


def text_drawn(view: Payload, field: Field | str) -> str:
    """The text that stood in the input when the view was drawn, whether Slack gives that back escaped or not."""
    return escape.decoded(str(_drawn(view, field).get("initial_value") or "")).strip()


def _typed(view: Payload, field: Field | str) -> Payload:
    block: Payload = ((view.get("state") or {}).get("values") or {}).get(str(field)) or {}
    found: Payload = block.get(str(field)) or {}
    return found


def _drawn(view: Payload, field: Field | str) -> Payload:
    return next(_elements(view, str(field)), {})


def _elements(view: Payload, block_id: str) -> Iterator[Payload]:
    for block in view.get("blocks") or ():
        if block.get("block_id") == block_id and isinstance(block.get("element"), Mapping):
            yield block["element"]
