"""The words by which hops say what an enhanced code does not: patterns over a reply's text without addresses. Pure.

Collected from the replies of Postfix, Exim, qmail, Exchange Online, Gmail, Yahoo, SES, Mailgun, OVH and others.
"""

from __future__ import annotations

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_MAILBOX = r"(?:user|recipient|mailbox|account|address|person|alias|local.?part)"
_PERIOD = r"daily|hourly|monthly|today|(?:per[- ]|an? )(?:day|hour|minute)"
_FLOW = r"sending|outgoing|outbound|submission|rate"

# The recipient takes mail from some people only: it speaks of authentication, but means itself (Exchange).
RESTRICTED = _any(
    r"RESOLVER\.RST", r"RestrictedToRecipients", r"not allowed to (?:send|post) to (?:this|the) (?:group|recipient)"
)

# The mailbox is not there, closed or full.
UNKNOWN = _any(
    rf"\b{_MAILBOX}\b.{{0,60}}\b(?:unknown|not (?:found|exist|known)|disabled|inactive|suspended|invalid|no longer)\b",
    rf"\b(?:unknown|invalid|no such|bad|non-?existent|disabled|inactive|illegal)\b.{{0,30}}\b{_MAILBOX}\b",
    r"mailbox unavailable",
    r"(?:does not|doesn'?t|not) exist",
    r"doesn'?t have an? .{1,40}account",
    r"no mailbox here",
    r"mailbox (?:is |size )?(?:full|limit|over)",
    r"over ?quota",
    r"\b(?:mailbox|user|storage|account)\b.{0,40}\bquota\b",
    r"exceeded storage allocation",
    r"unroute?able (?:mail )?(?:address|domain)",
    r"recipient (?:address )?rejected: (?:undeliverable|access denied)",
)

# Our address, our permission to send as it, our authentication.
SENDER = _any(
    r"\bsender (?:address |domain |verif\w* )?(?:was )?(?:rejected|refused|denied|failed|callout)",
    r"\b(?:bad|banned|invalid) (?:outbound |sending )?sender",
    r"not owned by",
    r"\bnot (?:allowed|authori[sz]ed|permitted|entitled) to send\b(?! to)",
    r"permissions? to send",
    r"send ?as ?denied",
    r"(?:not verified|failed the check|verified sender|sender signature)",
    r"\bsending (?:paused|domain|account)\b",
    r"unregistered (?:sending )?domain",
    r"free accounts are for test",
    r"\byour (?:account|domain|server|ip|host|tenant)\b",
    r"(?:client|sender) (?:was |is )?not authenticated",
    r"\bauth(?:entication)?(?: is)? (?:required|failed|first|unsuccessful|credentials)",
    r"must (?:first )?(?:issue a STARTTLS|be authenticated|authenticate|log ?in)",
    r"invalid credentials",
    r"not logged in",
)

# A relay's words for a From that the account may not use. A receiver says the like of a sender it does not want, so a
# lane is not stopped by them.
IDENTITY = _any(
    r"\b(?:from|sender)(?: address| header)?(?: is| was)? not (?:allowed|permitted|valid|accepted)",
    r"\bfrom\b.{0,20}\bdoes(?: not|n'?t) match\b",
    r"\bonly send (?:from|as)\b",
    r"\bnot (?:allowed|authori[sz]ed|permitted) to use\b.{0,80}\b(?:sender|from)\b",
)

# The part of SENDER that a login mends.
LOGIN = _any(
    r"\bauth(?:entication)?(?: is)? (?:required|first)",
    r"must (?:first )?(?:be authenticated|authenticate|log ?in)",
    r"not logged in",
)

RELAYING = _any(
    r"relay(?:ing)?(?: access)?(?: is| mail)?(?: to .{0,40})? (?:denied|not permitted|not allowed|prohibited)",
    r"\b(?:unable|not permitted|not allowed|refuse) to relay",
    r"rcpthosts",
    r"(?:do not|no) relay(?:ing)?\b",
    r"mail relay\b",
)

# A count of ours is used up.
QUOTA = _any(
    rf"\b(?:{_PERIOD}|{_FLOW})\b.{{0,40}}\b(?:limit|quota|threshold)",
    rf"\b(?:limit|quota|threshold)\b.{{0,60}}\b(?:{_PERIOD}|{_FLOW})\b",
    rf"\bexceed\w*.{{0,60}}\b(?:{_PERIOD}|{_FLOW}|threshold|(?:messages|e?mails|recipients) (?:per|a))\b",
    r"SubmissionQuota|RecipientRateLimit|MessageRateLimit|QuotaExceededException",
    r"too many (?:messages|mails|e-?mails|connections)",
    r"\bthrottl",
    r"sent too (?:many|much)",
)

# Our place on the network.
REPUTATION = _any(
    r"\b(?:block|deny|black) ?list",
    r"\b(?:RBL|DNSBL|spamhaus|spamcop|barracuda(?:central)?|sorbs|senderscore|ipcheck|abuseat|uceprotect)\b",
    r"\b(?:client host|helo command|ehlo|IP(?: address)?|connection|network)\b.{0,60}"
    r"\b(?:rejected|blocked|banned|denied|refused|not accepted)\b",
    r"\breputation\b",
    r"banned (?:sending )?IP",
    r"traffic not accepted",
    r"messages? from \[?\d{1,3}\.\d",
    r"permanently deferred",
    r"reverse (?:dns|hostname|lookup)|\bPTR\b|\brDNS\b",
)

SIZE = _any(r"(?:message|size|mail)\b.{0,60}\b(?:too (?:big|large|long)|exceeds?|maximum|limit)", r"too (?:big|large)")

CONTENT = _any(
    r"\b(?:spam|virus|malware|phish\w*|attachments?|content|unsolicited|infected|malicious|executable)\b",
    r"\b(?:DMARC|DKIM|SPF)\b|unauthenticated",
    r"\bheaders?\b|RFC ?5322",
)

# Somebody decided so; against whom is not said.
POLICY = _any(
    r"polic(?:y|ies)|den(?:y|ied)|reject|block|prohibit|refus|abuse|forbidden",
    r"not (?:allowed|accepted|permitted)",
    r"transaction failed|service (?:un|not )available|try again",
)

MANY_RECIPIENTS = _any(r"too many recipients")
