"""Naming rules: what an installation asks of the addresses that people give to groups.

Pure. They bind whoever names a group in Slack, operators too: only those create groups, so that a rule which spared
them would bind nobody. Groups as code are the way around it, as they are for groups that were there before the rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from store.terms import Refused, folded


@dataclass(frozen=True, slots=True)
class Naming:
    """What a local part begins and ends with ("" for anything), and the words that none of its parts may be."""

    prefix: str = ""
    suffix: str = ""
    blocked: tuple[str, ...] = ()


FREE = Naming()


def check(naming: Naming, local: str) -> None:
    """Raises Refused `name_lacks_prefix`, `name_lacks_suffix`, `name_blocked` for a local part against the rules."""
    local = folded(local)
    bare = local.removeprefix(naming.prefix).removesuffix(naming.suffix)
    example = f"{naming.prefix}{bare}{naming.suffix}"
    if not local.startswith(naming.prefix):
        raise Refused("name_lacks_prefix", prefix=naming.prefix, example=example)
    if not local.endswith(naming.suffix) or len(local) <= len(naming.prefix + naming.suffix):
        raise Refused("name_lacks_suffix", suffix=naming.suffix or naming.prefix, example=example)
    parts = {bare, *re.split(r"[._-]+", bare)}
    word = next((word for word in naming.blocked if folded(word) in parts), None)
    if word is not None:
        raise Refused("name_blocked", word=word)
