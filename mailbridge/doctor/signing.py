"""Whether receivers believe our signatures: the keys in the DNS, DMARC, and a rendered mail at our own verifier."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mailbridge.checkup import dkim as keys
from mailbridge.checkup import dmarc as policies
from mailbridge.checkup import mail as mails
from mailbridge.intake.evidence import Examiner
from mailbridge.policy.shape import Shape, examine
from mailbridge.proof.dmarc import name, questions, steps
from mailbridge.rewrite.keys import SigningKey
from store.findings import Check, Finding

if TYPE_CHECKING:
    from mailbridge.doctor.round import Round

_MOST_FIELDS = 200


async def dkim(round_: Round) -> list[Finding]:
    """Each key of the settings, and each domain that has none."""
    case = round_.case
    if round_.keys_refused:
        return [Finding("dkim_unreadable", "POSTROOM_DKIM_KEYS", {"problem": line}) for line in round_.keys_refused]
    if not round_.keys.pems:
        return [Finding("dkim_none", case.settings.domains[0])]
    listed = list(zip(case.settings.dkim_keys, round_.keys.pems, strict=True))
    texts = await case.names.texts(keys.name(file.domain, file.selector) for file, _ in listed)
    found: list[Finding] = []
    for file, pem in listed:
        published = texts[keys.name(file.domain, file.selector)]
        found += keys.judge(file.domain, file.selector, SigningKey.load(pem).record(), published)
    found += [Finding("dkim_warned", "POSTROOM_DKIM_KEYS", {"problem": line}) for line in round_.keys.warnings]
    speaking = round_.keys.identities.speaking_for
    return found + [Finding("dkim_unsigned", domain) for domain in case.settings.domains if not speaking(domain)]


async def dmarc(round_: Round) -> list[Finding]:
    """Each domain that stands in From: those served, and those published elsewhere."""
    settings = round_.case.settings
    route = settings.domains[0]

    async def one(domain: str) -> list[Finding]:
        own = domain if domain in settings.domains else route
        signed = [each.domain for each in round_.keys.identities.speaking_for(domain, own)]
        asked = {*map(name, steps(domain)), *questions(domain, [*signed, own])}
        return policies.judge(domain, signed, own, await round_.case.names.texts(sorted(asked)))

    # Side by side: where name servers are silent, each domain takes its time.
    found = await asyncio.gather(*map(one, (*settings.domains, *settings.published_domains)))
    return [finding for some in found for finding in some]


async def mail(round_: Round) -> list[Finding]:
    """A mail of each served domain, rendered, signed and verified with the keys that the DNS has."""
    case = round_.case
    if mails.waits(await round_.of(Check.DKIM, Check.DMARC)):
        return [Finding("mail_waits", domain) for domain in case.settings.domains]
    examiner = Examiner(case.names.resolver, case.clock)
    found: list[Finding] = []
    try:
        for domain in case.settings.domains:
            rendered = await asyncio.to_thread(
                round_.press.mail, domain, f"postmaster@{domain}", round_.identifier, case.clock()
            )
            shape = examine(rendered.octets, _MOST_FIELDS)
            assert isinstance(shape, Shape)
            evidence = await examiner.examine(shape, rendered.mail_from, case.settings.name, "", spf_counts=False)
            found += mails.judge(domain, rendered.octets, evidence)
    finally:
        examiner.close()
    return found
