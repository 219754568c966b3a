"""What the next hop says to us, in words: why no connection came about, and why it refused the probe."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from mailbridge.deliver import phrases
from mailbridge.deliver.outcome import blame
from store.findings import Finding
from store.terms import DeliveryState, Fault, Outcome, Reply, Stage

_UNKNOWN: Final = re.compile(r"Name or service not known|getaddrinfo|No address|nodename", re.IGNORECASE)
_CERTIFICATE: Final = re.compile(r"certificate", re.IGNORECASE)
_REPLY_SHOWN: Final = 300

# The stage an opening ended at, words of the reply (None: any), and what is found. The first that holds decides.
OPENINGS: Final = (
    (Stage.CONNECT, _UNKNOWN, "relay_unknown"),
    (Stage.CONNECT, _CERTIFICATE, "relay_certificate"),
    # TLS where the hop speaks in clear, or the other way round.
    (Stage.CONNECT, re.compile(r"SSL|No reply|Not understood|connection was lost"), "relay_silent"),
    (Stage.CONNECT, re.compile(r"cannot be reached|did not answer"), "relay_unreachable"),
    (Stage.STARTTLS, _CERTIFICATE, "relay_certificate"),
    (Stage.STARTTLS, None, "relay_starttls"),
    (Stage.AUTH, re.compile(r"without TLS"), "relay_starttls"),
    (Stage.AUTH, None, "relay_login"),
    (None, None, "relay_closed"),
)

# The same for a probe that was refused for good: words, enhanced codes, what is found.
REFUSALS: Final = (
    (phrases.RELAYING, "", "probe_relaying"),
    (phrases.LOGIN, r"5\.7\.57", "probe_relaying"),
    (phrases.QUOTA, r"5\.4\.5|5\.1\.90", "probe_quota"),
    (phrases.IDENTITY, "", "probe_sender"),
    (phrases.SENDER, r"5\.2\.252|5\.7\.60|5\.1\.[78]|5\.7\.(?:54|64)", "probe_sender"),
    (phrases.REPUTATION, r"5\.7\.(?:25|50[1-9]|51[01]|60[6-9])", "probe_reputation"),
)
_BY_FAULT: Final = {
    Fault.RECIPIENT: "probe_recipient",
    Fault.POST: "probe_content",
}


def unopened(place: str, stage: Stage, reply: Reply) -> list[Finding]:
    """Why there is no connection to the relay at `place`."""
    for at, words, name in OPENINGS:
        if at in (None, stage) and (words is None or words.search(reply.text)):
            # What a hop did not say itself is in our own words, and their code means nothing to people.
            said = _shown(reply) if name in ("relay_login", "relay_closed") else reply.text[:_REPLY_SHOWN]
            return [Finding(name, place, {"reply": said, "stage": str(stage)})]
    raise AssertionError("the last row holds for all")


def probed(address: str, sender: str, outcome: Outcome, ours: Collection[str]) -> list[Finding]:
    """What became of the probe to `address`, sent with the return path `sender`."""
    values = {"reply": _shown(outcome.reply), "sender": sender, "stage": str(outcome.stage)}
    if outcome.state is DeliveryState.RELAYED:
        return [Finding("probe_ok", address, values)]
    if not outcome.reply.permanent:
        return [Finding("probe_later", address, values)]
    fault = blame(outcome.stage, outcome.reply, ours)
    if fault in _BY_FAULT and phrases.IDENTITY.search(outcome.reply.text):
        return [Finding("probe_sender", address, values)]
    if fault in _BY_FAULT:
        return [Finding(_BY_FAULT[fault], address, values)]
    for words, codes, name in REFUSALS:
        if words.search(outcome.reply.text) or (codes and re.fullmatch(codes, outcome.reply.enhanced)):
            return [Finding(name, address, values)]
    # Whatever else is said to MAIL is about who sends.
    return [Finding("probe_sender" if outcome.stage is Stage.MAIL else "probe_refused", address, values)]


def _shown(reply: Reply) -> str:
    return str(reply)[:_REPLY_SHOWN]
