"""The workspace's people: who is built in, and what `users.*` and events say of a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

TEAM = "T0POCKET"
TEAM_NAME = "Pocket"
TEAM_DOMAIN = "pocket"
APP = "A0POSTROOM"
BOT_USER = "U0POSTROOM"
BOT = "B0POSTROOM"
MAIL_DOMAIN = "example.org"


@dataclass(slots=True)
class Person:
    """One Slack account. `email` None: without one (bots, some guests). A Connect stranger is of another `team`."""

    id: str
    name: str
    real_name: str
    email: str | None
    owner: bool = False
    admin: bool = False
    guest: bool = False
    deactivated: bool = False
    bot: bool = False
    locale: str = "en-US"
    zone: str = "Europe/London"
    zone_offset: int = 0
    updated: int = 1_700_000_000
    team: str = TEAM

    def as_slack(self, *, with_email: bool, with_locale: bool = False) -> Json:
        """The `user` object as users.info gives it to an app with or without users:read.email."""
        profile: Json = {
            "real_name": self.real_name,
            "real_name_normalized": self.real_name,
            "display_name": self.name,
            "display_name_normalized": self.name,
            "first_name": self.real_name.split(" ")[0],
            "team": self.team,
        }
        if with_email and self.email is not None:
            profile["email"] = self.email
        user: Json = {
            "id": self.id,
            "team_id": self.team,
            "name": self.name,
            "deleted": self.deactivated,
            "profile": profile,
            "is_bot": self.bot,
            "is_app_user": False,
            "updated": self.updated,
        }
        if self.bot:
            profile["bot_id"] = BOT
            profile["api_app_id"] = APP
        if self.team != TEAM:
            user["is_stranger"] = True
        if self.deactivated:
            return user
        user |= {
            "real_name": self.real_name,
            "tz": self.zone,
            "tz_label": self.zone,
            "tz_offset": self.zone_offset,
            "is_admin": self.admin or self.owner,
            "is_owner": self.owner,
            "is_primary_owner": self.owner,
            "is_restricted": self.guest,
            "is_ultra_restricted": False,
            "is_email_confirmed": self.email is not None,
        }
        if with_locale:
            user["locale"] = self.locale
        return user

    def as_page(self) -> Json:
        """The person as the page and the driver see them."""
        return {
            "id": self.id,
            "name": self.name,
            "real_name": self.real_name,
            "email": self.email,
            "owner": self.owner,
            "admin": self.admin or self.owner,
            "guest": self.guest,
            "deactivated": self.deactivated,
            "bot": self.bot,
            "locale": self.locale,
        }


def built_in_people() -> list[Person]:
    """Six members (one owner, one admin), a guest, one without e-mail, one deactivated, and the app's bot."""

    def member(handle: str, real_name: str, **more: Any) -> Person:
        return Person(f"U0{handle.upper()}", handle, real_name, f"{handle}@{MAIL_DOMAIN}", **more)

    return [
        member("ada", "Ada Byron", owner=True, admin=True),
        member("grace", "Grace Murray", admin=True, zone="America/New_York", zone_offset=-18_000),
        member("linus", "Linus Berg", zone="Europe/Stockholm", zone_offset=3_600),
        member("margaret", "Margaret Lane"),
        member("barbara", "Barbara Quinn"),
        member("edsger", "Edsger Vos", locale="fr-FR", zone="Europe/Paris", zone_offset=3_600),
        member("gil", "Gil Moreau", guest=True),
        Person("U0NOOR", "noor", "Noor Haddad", None),
        member("dora", "Dora Field", deactivated=True),
        Person(BOT_USER, "postroom", "Postroom", None, bot=True),
    ]


def crowd(count: int) -> list[Person]:
    """`count` further members with an address each, for tests that page through a large workspace."""
    return [
        Person(f"U1{number:07d}", f"person{number}", f"Person {number}", f"person{number}@{MAIL_DOMAIN}")
        for number in range(count)
    ]


@dataclass(slots=True)
class UserGroup:
    """A Slack user group (`@handle`), for usergroups.list."""

    id: str
    handle: str
    name: str
    members: list[str] = field(default_factory=list)
    deactivated: bool = False
    updated: int = 1_700_000_000

    def as_slack(self, *, with_members: bool) -> Json:
        """The `usergroup` object."""
        data: Json = {
            "id": self.id,
            "team_id": TEAM,
            "is_usergroup": True,
            "is_subteam": True,
            "name": self.name,
            "handle": self.handle,
            "is_external": False,
            "date_create": 1_700_000_000,
            "date_update": self.updated,
            "date_delete": self.updated if self.deactivated else 0,
            "user_count": len(self.members),
        }
        if with_members:
            data["users"] = list(self.members)
        return data


class People:
    """Everybody in the workspace, by id, handle or address."""

    def __init__(self, people: list[Person], groups: list[UserGroup] | None = None) -> None:
        self._by_id = {person.id: person for person in people}
        self.groups = groups or [
            UserGroup("S0OPS", "mail-ops", "Mail operators", ["U0ADA", "U0GRACE"]),
        ]

    def __iter__(self) -> Any:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def get(self, person_id: str) -> Person | None:
        """The person with this id, or None."""
        return self._by_id.get(person_id)

    def find(self, text: str) -> Person | None:
        """A person by id, handle (with or without @) or address; None when nobody fits."""
        wanted = text.strip().lstrip("@").lower()
        if text in self._by_id:
            return self._by_id[text]
        return next((p for p in self._by_id.values() if wanted in (p.name, (p.email or "").lower())), None)

    def add(self, person: Person) -> None:
        """A new account; an id already taken is replaced."""
        self._by_id[person.id] = person
