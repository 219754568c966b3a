"""Scopes: each that the manifest asks for, and what breaks, or is missing, without it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from store.findings import Finding

# scope -> the text `doctor.scope.<word>` that says what is lost. The manifest's test holds this to the manifest.
REQUIRED: Mapping[str, str] = {
    "commands": "command",
    "chat:write": "messages",
    "im:write": "direct",
    "users:read": "people",
    "users:read.email": "email",
    "channels:read": "public_channels",
    "groups:read": "private_channels",
    "files:write": "files_out",
    "files:read": "files_in",
}
OPTIONAL: Mapping[str, str] = {
    "usergroups:read": "user_groups",
    "channels:history": "lost_public",
    "groups:history": "lost_private",
    "im:history": "lost_direct",
}


def judged(granted: Iterable[str]) -> list[Finding]:
    """What the granted scopes come to: a finding for each that is missing, or one that says all is there."""
    have = frozenset(granted)
    found = [
        Finding("scope_missing", scope, words={"loss": f"scope.{word}"})
        for scope, word in REQUIRED.items()
        if scope not in have
    ]
    found += [
        Finding("scope_optional", scope, words={"loss": f"scope.{word}"})
        for scope, word in OPTIONAL.items()
        if scope not in have
    ]
    if not any(one.name == "scope_missing" for one in found):
        found.insert(0, Finding("scopes_ok", "Slack", {"n": str(len(REQUIRED))}))
    return found
