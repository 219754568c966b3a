"""From what the checks found to what it means: is the author proven, by what, and if not, in words, why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailbridge.proof import dmarc
from mailbridge.proof.arc import ArcResult
from mailbridge.proof.dkim import Checked
from mailbridge.proof.spf import Spf
from store.terms import Origin, Reason

# Names of the catalogue (`verdict.<name>`), each the one line of what was found out about the author.
SIGNED_IN, WRITTEN, DKIM_PASS, SPF_PASS, UNCHECKED, FAILED, UNTRUSTED = (
    "signed_in",
    "written",
    "dkim_pass",
    "spf_pass",
    "unchecked",
    "checks_failed",
    "untrusted_peer",
)
_MOST_TOLD = 3


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the checks of one message found.

    `spf` is None where the client is not the author's own system as far as we can know, so that SPF says nothing;
    `spf_counts` is False where it was checked but must not prove. `dmarc` is None where there was nothing to align.
    `exists` says whether the author's domain is in the DNS at all; `origin` is what its copies will be made by.
    """

    dkim: Sequence[Checked] = ()
    spf: Spf | None = None
    spf_counts: bool = False
    arc: ArcResult = ArcResult("none")  # noqa: RUF009 - frozen
    dmarc: dmarc.Verdict | None = None
    exists: bool = True
    origin: Origin = Origin()  # noqa: RUF009 - frozen


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether the From address is proven, and the name of why (`verdict.<name>`).

    `checks` are reasons that say what each check found; `unchecked` that an answer is missing which might have proven
    it; `results` are the findings for our Authentication-Results, and `origin` what its copies will be made by.
    """

    authenticated: bool
    verdict: str
    checks: tuple[Reason, ...] = ()
    unchecked: bool = False
    results: tuple[str, ...] = ()
    origin: Origin = Origin()  # noqa: RUF009 - frozen


def is_check(reason: Reason) -> bool:
    """Whether `reason` tells what a check found, as `Proof.checks` do."""
    return reason.name.partition("_")[0] in ("dkim", "spf", "dmarc")


def judge(author: str, evidence: Evidence, client: str) -> Proof:
    """What `evidence` says of the author's domain. `client` is the address that SPF was asked about."""
    aligned = evidence.dmarc.aligned if evidence.dmarc else ""
    if aligned:
        return Proof(True, DKIM_PASS if aligned == "dkim" else SPF_PASS)
    checks = (*_dkim(author, evidence), *_spf(author, evidence, client), *_dmarc(author, evidence))
    unchecked = _unchecked(author, evidence)
    looked = bool(evidence.dkim) or evidence.spf is not None
    verdict = UNCHECKED if unchecked else FAILED if looked else UNTRUSTED
    return Proof(False, verdict, checks, unchecked)


def _dkim(author: str, evidence: Evidence) -> list[Reason]:
    if not evidence.dkim:
        return [Reason("dkim_none", {"domain": author})]
    told = [
        Reason(f"dkim_{one.reason or 'foreign'}" if one.domain else "dkim_unreadable", {"domain": one.domain})
        for one in evidence.dkim
    ]
    return list({(one.name, one.values["domain"]): one for one in told}.values())[:_MOST_TOLD]


def _spf(author: str, evidence: Evidence, client: str) -> list[Reason]:
    found = evidence.spf
    if found is None:
        return [Reason("spf_indirect", {"domain": author})]
    if found.result == "pass":
        indirect = not evidence.spf_counts and found.domain == author
        return [Reason("spf_indirect" if indirect else "spf_foreign", {"domain": found.domain})]
    return [Reason(f"spf_{found.result}", {"domain": found.domain, "client": client})]


def _dmarc(author: str, evidence: Evidence) -> list[Reason]:
    found = evidence.dmarc
    if found is not None and found.result is dmarc.Result.TEMPERROR:
        return [Reason("dmarc_unanswered", {"domain": author})]
    if found is None or found.result is not dmarc.Result.FAIL or found.policy is None:
        return []
    request = found.policy.request(exists=evidence.exists)
    return [] if request == "none" else [Reason(f"dmarc_{request}", {"domain": found.policy.domain})]


def _unchecked(author: str, evidence: Evidence) -> bool:
    """Whether an answer that is missing might have proven the author; strangers' silent servers do not matter."""
    if any(one.result == "temperror" and _kin(one.domain, author) for one in evidence.dkim):
        return True
    spf = evidence.spf
    if spf is not None and evidence.spf_counts and spf.result == "temperror" and _kin(spf.domain, author):
        return True
    passed = any(one.result == "pass" and _kin(one.domain, author) for one in evidence.dkim) or (
        spf is not None and evidence.spf_counts and spf.result == "pass" and _kin(spf.domain, author)
    )
    return passed and evidence.dmarc is not None and evidence.dmarc.result is dmarc.Result.TEMPERROR


def _kin(one: str, other: str) -> bool:
    """Whether two domains may be of one organisation: their last two labels are the same."""
    return one.split(".")[-2:] == other.split(".")[-2:]
