"""Slack people <-> the store's persons: at start, nightly, by events, and on demand when somebody unknown acts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import structlog

from bot.faults import Denied, Gone, SlackFault
from bot.payloads import sound
from bot.slack import Slack
from store import following, persons
from store.engine import Database
from store.persons import Profile
from store.schema.person import Person

log = structlog.get_logger()
REFRESH_AFTER = timedelta(hours=20)
BATCH = 20
USER_GROUP = "S"


class Directory:
    """Keeps the store's persons as Slack shows them. `operators` are ids of people (U…) or one user group (S…)."""

    def __init__(self, database: Database, slack: Slack, operators: Sequence[str]) -> None:
        self._database = database
        self._slack = slack
        self._named = tuple(operators)
        self._operators: frozenset[str] | None = None

    async def crawl(self) -> int:
        """Everybody of the workspace, a page at a time; gives how many. Raises SlackFault."""
        await self._resolve_operators()
        seen = 0
        async for page in self._slack.people():
            profiles = await self._news([self.profile(user) for user in page])
            for start in range(0, len(profiles), BATCH):
                await self._keep(profiles[start : start + BATCH])
            seen += len(page)
        log.info("directory.crawled", people=seen)
        return seen

    async def changed(self, user: Mapping[str, Any], at: str = "") -> Person:
        """A person as an event (user_change, team_join) of that time shows them, or Slack when asked."""
        await self._resolve_operators(once=True)
        profile = self.profile(user)
        async with self._database.writing() as tx:
            known = await persons.by_slack(tx, profile.slack_id)
            matters = known is None or _differs(known, profile)
            person = await persons.upsert(tx, profile)
            if matters and at:
                # Who has an address now, or is a guest no more, may belong to what a group follows.
                await following.person_changed(tx, person, at)
        return person

    async def user_group_changed(self, usergroup_id: str) -> None:
        """Where that is whom the settings name as operators: who came is one at once, who went is none. SlackFault."""
        if usergroup_id not in self._named:
            return
        await self._resolve_operators()
        async with self._database.writing() as tx:
            changed = await persons.appoint(tx, sorted(self._operators or ()))
        log.info("operators.changed", user_group=usergroup_id, people=changed)

    async def acting(self, slack_id: str) -> Person:
        """Whoever acts now: from the store, or asked of Slack if unknown, old or only a placeholder there.

        Nobody waits for the crawl. If Slack cannot be asked, the id alone is known: it carries no right but those
        the id itself was given.
        """
        async with self._database.reading() as tx:
            person = await persons.by_slack(tx, slack_id)
            now = tx.now
        if person is not None and person.name != slack_id and now - person.refreshed_at < REFRESH_AFTER:
            return person
        try:
            async with asyncio.timeout(1.5):  # the modal that may be asked for has to open within 3 s
                return await self.changed(await self._slack.person(slack_id))
        except Gone as gone:
            log.info("person.unseen", id=slack_id, cause=gone)
            if person is None:
                # Slack hides from us only who is of elsewhere: no colleague's rights for an id nobody vouches for.
                return (await self._keep([Profile(slack_id, slack_id, stranger=True)]))[0]
        except (SlackFault, TimeoutError) as fault:
            log.warning("person.unasked", id=slack_id, cause=fault)
        if person is not None:
            return person
        async with self._database.writing() as tx:
            return await persons.placeholder(tx, slack_id)

    def profile(self, user: Mapping[str, Any]) -> Profile:
        """A user object of Slack's as the store keeps it. Slack leaves out what it does not know or show."""
        user = sound(user)
        profile = user.get("profile") or {}
        slack_id = str(user["id"])
        name = profile.get("real_name") or user.get("real_name") or profile.get("display_name") or user.get("name")
        stranger = self._is_stranger(user)
        outsider = stranger or bool(user.get("is_restricted") or user.get("is_ultra_restricted"))
        workspace_admin = bool(user.get("is_admin") or user.get("is_owner")) and not outsider
        return Profile(
            slack_id=slack_id,
            name=str(name or slack_id)[:200],
            email=profile.get("email") or None,
            locale=str(user.get("locale") or "en-US"),
            time_zone=str(user.get("tz") or "UTC"),
            guest=outsider and not stranger,
            stranger=stranger,
            deactivated=bool(user.get("deleted")),
            bot=bool(user.get("is_bot") or user.get("is_workflow_bot") or slack_id == "USLACKBOT"),
            workspace_admin=workspace_admin,
            operator=workspace_admin if not self._named else slack_id in (self._operators or ()),
        )

    def _is_stranger(self, user: Mapping[str, Any]) -> bool:
        identity = self._slack.identity
        if user.get("is_stranger"):
            return True
        team = user.get("team_id")
        if identity is None or not team or team == identity.team_id:
            return False
        # On Enterprise Grid colleagues of another workspace of the same organisation are no strangers.
        enterprise = (user.get("enterprise_user") or {}).get("enterprise_id")
        return not (enterprise and enterprise == identity.enterprise_id)

    async def _news(self, profiles: Sequence[Profile]) -> list[Profile]:
        """Those that the store does not hold like this, or has not seen for long: a restart writes next to nothing."""
        found = []
        async with self._database.reading() as tx:
            for profile in profiles:
                person = await persons.by_slack(tx, profile.slack_id)
                if person is None or tx.now - person.refreshed_at > REFRESH_AFTER / 2 or _differs(person, profile):
                    found.append(profile)
        return found

    async def _keep(self, profiles: Sequence[Profile]) -> list[Person]:
        async with self._database.writing() as tx:
            return [await persons.upsert(tx, profile) for profile in profiles]

    async def _resolve_operators(self, *, once: bool = False) -> None:
        if once and self._operators is not None:
            return
        found: set[str] = set()
        for name in self._named:
            if not name.startswith(USER_GROUP):
                found.add(name)
                continue
            try:
                found |= set(await self._slack.in_user_group(name))
            except (Denied, Gone) as refusal:
                # Nobody becomes operator by our not knowing.
                log.error("operators.unknown", user_group=name, cause=refusal)  # noqa: TRY400 - no traceback helps
        self._operators = frozenset(found)


def _differs(person: Person, profile: Profile) -> bool:
    seen = asdict(profile) | {"email": persons.email(profile.email)}
    return any(getattr(person, name) != value for name, value in seen.items())
