"""What the wizard knows between its steps, packed into the view itself, so that any process can go on with it.

Pure. Slack carries 3,000 characters from one step to the next; a draft is packed into them or refused as too large.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from bot.views import limits
from bot.views.ids import Field

PEOPLE = (Field.ADMINISTRATORS, Field.MODERATORS, Field.CONTACTS)
MOST_ROWS = 2**63  # ids of either engine
UNPACKED = 100_000  # bytes; nothing we packed is larger, so what is larger was not packed by us


class DraftTooLarge(Exception):  # noqa: N818 - an answer to a person, not an error of the program
    """More people and addresses than a form can carry from step to step."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A group about to be made (`group_id` None), or the changes to one as of `version`.

    `settings` holds field -> typed text, option value or channel id, "" for none. `added` and `removed` hold for each
    of the three pickers Slack ids, and for the field of outside addresses lines `Name <a@b>` (removed: addresses);
    they are differences to the roster as it is, so what others change meanwhile is not undone.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    added: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    removed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    also_contacts: bool = False
    group_id: int | None = None
    version: int | None = None

    def chosen(self, name: Field) -> tuple[str, ...]:
        return self.added.get(name, ())

    def dropped(self, name: Field) -> tuple[str, ...]:
        return self.removed.get(name, ())

    def with_settings(self, settings: Mapping[str, str]) -> Self:
        return replace(self, settings={**self.settings, **settings})

    def with_choice(self, name: Field, before: Sequence[str], after: Sequence[str]) -> Self:
        """After a picker that showed `before` came back with `after`: the differences it adds to those there are."""
        come = [one for one in after if one not in before]
        gone = [one for one in before if one not in after]
        added = [one for one in self.chosen(name) if one not in gone]
        removed = [one for one in self.dropped(name) if one not in come]
        added += [one for one in come if one not in added and one not in self.dropped(name)]
        removed += [one for one in gone if one not in removed and one not in self.chosen(name)]
        return replace(
            self,
            added={**self.added, name.value: tuple(added)},
            removed={**self.removed, name.value: tuple(removed)},
        )

    def roster(self, name: Field, existing: Sequence[str]) -> tuple[str, ...]:
        """Who stands in a picker: the roster as it is, with this draft's differences."""
        kept = [one for one in existing if one not in self.dropped(name)]
        return tuple(dict.fromkeys([*kept, *self.chosen(name)]))

    def pack(self) -> str:
        """As private metadata. Raises DraftTooLarge."""
        data = [
            {key: value for key, value in self.settings.items() if value},
            {key: value for key, value in self.added.items() if value},
            {key: value for key, value in self.removed.items() if value},
            int(self.also_contacts),
            self.group_id,
            self.version,
        ]
        packed = zlib.compress(
            json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode(errors="surrogatepass"), 9
        )
        text = base64.urlsafe_b64encode(packed).decode("ascii")
        if len(text) > limits.METADATA:
            raise DraftTooLarge
        return text

    @classmethod
    def unpack(cls, text: str) -> Self:
        """From private metadata. Raises ValueError for what `pack` did not make."""
        try:
            inflater = zlib.decompressobj()
            unpacked = inflater.decompress(base64.urlsafe_b64decode(text), UNPACKED)
            data: list[Any] = json.loads(unpacked.decode(errors="surrogatepass"))
            settings, added, removed, also_contacts, group_id, version = data
            if group_id is not None and not 0 < int(group_id) < MOST_ROWS:
                raise ValueError("an id no group can have")
            return cls(
                settings={str(key): str(value) for key, value in settings.items()},
                added={str(key): tuple(map(str, value)) for key, value in added.items()},
                removed={str(key): tuple(map(str, value)) for key, value in removed.items()},
                also_contacts=bool(also_contacts),
                group_id=None if group_id is None else int(group_id),
                version=None if version is None else int(version),
            )
        except (zlib.error, AttributeError, TypeError, ValueError) as error:
            raise ValueError("not a packed draft") from error
