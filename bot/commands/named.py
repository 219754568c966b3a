"""Whom a command names, and as what. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """The three flags of a membership, as people name them."""

    ADMINISTRATOR = "administrator"
    MODERATOR = "moderator"
    CONTACT = "contact"


@dataclass(frozen=True, slots=True)
class Outsider:
    """Someone named by an address: `Name <address>`, the name perhaps empty. Not checked yet."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A channel or a user group, whose people are meant; `label` as Slack wrote it, perhaps empty."""

    id: str
    label: str = ""
