"""DMARC of the domains our mail is from (RFC 9989): whether receivers find it, can read it, and our mail passes it."""

from __future__ import annotations

from collections.abc import Sequence

from mailbridge.checkup.record import txt
from mailbridge.proof import dmarc
from mailbridge.proof.answers import TextsOf
from mailbridge.proof.tags import BadTags, parse
from store.findings import Check, Finding

_REQUESTS = frozenset({"none", "quarantine", "reject"})
_SWITCHES = {"adkim": frozenset({"r", "s"}), "aspf": frozenset({"r", "s"}), "t": frozenset({"y", "n"})}


def judge(domain: str, signed: Sequence[str], route: str, texts: TextsOf) -> list[Finding]:
    """`signed` are the domains of the signatures that mail from `domain` gets, `route` its return path's; `texts` the
    TXT records at each name of their tree walks."""
    wanted = f"v=DMARC1; p=none; rua=mailto:postmaster@{route}"
    if any(texts.get(dmarc.name(at)) is None for at in dmarc.steps(domain)):
        return [Finding("unanswered", dmarc.name(domain), {"asked": "TXT"}, Check.DMARC)]
    # What stands nearest is what people take for theirs: a broken record there hides the one above.
    for at in dmarc.steps(domain):
        stands = texts[dmarc.name(at)] or ()
        meant = [text for text in stands if b"dmarc1" in text.lower()]
        if len([text for text in meant if dmarc.read((text,)) is not None]) > 1:
            return [Finding("dmarc_two", dmarc.name(at), {"count": str(len(meant))})]
        problem = next((problem for text in meant if (problem := _problem(text))), "")
        if problem:
            values = {"problem": problem, "record": txt(dmarc.name(at), wanted)}
            return [Finding("dmarc_malformed", dmarc.name(at), values)]
        if meant:
            break
    verdict = dmarc.evaluate(domain, signed, route, texts)
    if verdict.policy is None:
        return [Finding("dmarc_missing", domain, {"record": txt(dmarc.name(domain), wanted)})]
    asked = verdict.policy.request(exists=True)
    values = {"at": dmarc.name(verdict.policy.domain), "asked": asked}
    if not verdict.aligned:
        by = ", ".join(dict.fromkeys([*signed, route]))
        return [Finding("dmarc_unaligned", domain, {**values, "by": by})]
    return [Finding("dmarc_ok", domain, values)]


def _problem(text: bytes) -> str:
    """The first thing in a record that readers pass over or read otherwise than it was meant; "" if there is none."""
    first, _, rest = text.decode("utf-8", "replace").partition(";")
    if first.replace(" ", "") != "v=DMARC1":
        return first.strip()[:60]
    for part in filter(str.strip, rest.split(";")):
        try:
            tags = parse(part.encode())
        except BadTags:
            return part.strip()[:60]
        for name, value in tags.items():
            wanted = _REQUESTS if name.lower() in ("p", "sp", "np") else _SWITCHES.get(name.lower())
            if wanted is not None and value.lower() not in wanted:
                return part.strip()[:60]
    return ""
