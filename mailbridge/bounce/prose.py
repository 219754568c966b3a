"""Reports in prose: what a person would read as "your mail came back", told from what only mentions it. Pure.

Half of the world's bounces are no RFC 3464 reports. Each has a machine's mark (who says it, or a subject nobody writes
by hand) and an opening that says what happened; a mail with but one of the two is none.
"""

from __future__ import annotations

import re
from typing import Final

_SHOWN: Final = 8_000  # characters of a notice that are looked at

# Where a notice ends and the mail it brings back begins.
_RETURNED: Final = re.compile(
    r"^[ \t>*\"#]*(?:"
    r"-{2,}.{0,12}(?:begin of the|begin|start of)? ?(?:below (?:this|the next) line|this is (?:a|the) copy"
    r"|the (?:header|body) of"
    r"|returned (?:message|mail)|original (?:message|mail)|mensaje original|unsent message|undelivered message"
    r"|attachment is a copy"
    r"|the header and top|start of returned|copy of (?:the|your)|unsent)"
    r"|original message (?:follows|headers|header)|message headers? follows?|included is a copy"
    r"|here is a copy of|a copy of the original message|a summary of the undelivered|your message reads|old message:"
    r"|the first \d+ lines|the following is the original|-{3,} ?original|received: from |message-id: ?<|dkim-signature:"
    r")",
    re.IGNORECASE | re.MULTILINE,
)

_MACHINE: Final = re.compile(
    r"mailer.?daemon|post[ _.-]?master|mail.?delivery|mdaemon|mail(?:er)?[ _-]?(?:system|service|administrator"
    r"|admin|server)"
    r"|mailadm|delivery (?:sub)?system|system administrator|smtp.?gateway|virus.?wall|\bndr@|bounce|imss@"
    r"|no-?reply@.*\b(?:dion|ezweb|auone|docomo)\b|_smtp_|smtp_",
    re.IGNORECASE,
)

_SUBJECT: Final = re.compile(
    r"undeliver|non.?deliver|not (?:been )?delivered|could ?n[o']t be (?:delivered|sent)|returned (?:mail"
    r"|message|to sender)"
    r"|returning message|failed mail|mail failed|(?:delivery|mail|message|permanent|transmission)\b.{0,24}"
    r"\b(?:fail(?:ed|ure|s)?|error|problem|report|status|rejected|warning)\b"
    r"|failure notice|delivery (?:notification|report|status)|rejected (?:mail|message)|user unknown|processing error"
    r"|error during delivery|not listed in|メールエラー|配信|non remis|nicht zugestellt|no entregado|não entregue"
    r"|unzustellbar|impossible de remettre|message delayed|delayed mail|mail error",
    re.IGNORECASE,
)

_OPENING: Final = re.compile(
    r"(?:could|can|was|were|has|have|is|been)(?: ?n[o']t|not)? (?:yet )?(?:been )?(?:be )?(?:delivered"
    r"|undeliverable|sent to the following)"
    r"|cannot be delivered|not (?:been )?delivered|did not (?:reach|receive)|was undeliverable|undeliverable"
    r"|(?:unable|not able|impossible|failed) to (?:deliver|transfer|send)|couldn'?t be delivered"
    r"|wasn'?t (?:able to deliver|delivered)"
    r"|del[ie]very (?:to|of|has|attempt|failed|failure|problem|aborted|expired).{0,60}|there was an error delivering"
    r"|(?:permanent|fatal|unrecoverable|delivery)\W+(?:fatal )?error|returned to (?:the )?sender|has been returned"
    r"|failed recipient|failure reasons|failing recipient|the following (?:recipient|address|message)\w*.{0,60}fail"
    r"|no(?:t| such) (?:user|mailbox|account|recipient)|(?:unknown|invalid) (?:user|recipient|address|mailbox"
    r"|final delivery)"
    r"|user (?:unknown|not known|mailbox)|mailbox (?:is )?(?:full|unavailable|exceeds)|delivery problems"
    r"|does not like recipient"
    r"|(?:remote|host|server|mailer)\b.{0,40}\bsaid:|smtp error|automatically rejected|rejected by|error-for:|rcpt to:<"
    r"|could not (?:deliver|be reached|transmit)|return(?:ed|ing) (?:your|the|this) (?:mail|message)"
    r"|this report relates to"
    r"|送信できません|配信できません|届けられません|送信先のメールボックス|エラー|投稿する権限|見つかりません|宛先"
    r"|nicht (?:zugestellt|ausgeliefert)|pas pu [eê]tre (?:remis|d[ée]livr|distribu)|no (?:pudo"
    r"|ha podido) (?:ser )?entrega"
    r"|не может быть доставлено|não (?:pôde|pode) ser (?:entregue|enviada)|no pudo ser entregado",
    re.IGNORECASE,
)

# The reporter still tries: a failure may follow, and is none yet.
_DELAY: Final = re.compile(
    r"warning (?:message )?only|still being retried|not yet been delivered|has not yet|will (?:be retried"
    r"|continue to (?:try|be made))"
    r"|delivery attempts will continue|we will (?:continue to )?try|continue to try to deliver"
    r"|no action is required on your part"
    r"|you do not need to resend|has been (?:postponed|delayed)|message (?:is )?delayed|\(delay\)|advisory.only"
    r"|do not resend your (?:original )?message|delivery delayed",
    re.IGNORECASE,
)

_AUTOREPLY: Final = re.compile(
    r"^(?:re: ?)?(?:auto(?:matic|mated)?[ -_]?(?:re(?:ply|sponse|spons\w*)|answer)|out of (?:the )?office"
    r"|away from|vacation|on (?:leave|holiday)"
    r"|abwesen|automatische antwort|r[ée]ponse automatique|absence|respuesta autom|risposta autom"
    r"|resposta autom|自動応答|自動返信)",
    re.IGNORECASE,
)

_CHALLENGE: Final = re.compile(
    r"(?:confirm|verify|prove|approve)\b.{0,60}\b(?:you are (?:a )?(?:human|person)|your (?:message|e-?mail"
    r"|address|identity)|yourself|as a sender|delivery)"
    r"|challenge.response|sender (?:verification|confirmation)|(?:to be|get) (?:added to|on) my (?:allow|white"
    r"|approved|guest).?list"
    r"|one.time (?:request|verification|confirmation)|click .{0,40}(?:to|and) (?:confirm|verify|deliver"
    r"|release)\b|please confirm (?:your|that)"
    r"|spamarrest|boxbe|tmda|captcha",
    re.IGNORECASE,
)

_ENTRIES: Final = 20
_ENTRY: Final = re.compile(
    r"^[ \t]*[<\"]?([^\s<>\"@:()\[\]]{1,64}@[^\s<>\"@:()\[\]]{1,255})[>\"]?(?::|[ \t]|$)", re.MULTILINE
)

_ENHANCED: Final = r"([45]\.\d{1,3}\.\d{1,3})"
_REPLY: Final = re.compile(rf"(?<![\d.])([45]\d\d)[ \t:#-]{{1,8}}{_ENHANCED}(?![\d.])")
_CODES: Final = re.compile(rf"(?<![\d.]){_ENHANCED}(?![\d.])")
_CODE: Final = re.compile(
    r"(?<![\d.\-/:@#])([45]\d\d)(?=[ \-\])]|$)(?! (?:seconds|bytes|recipients|kb|mb))", re.IGNORECASE
)


def notice(text: str) -> str:
    """What the machine itself says: the text up to the mail it brings back."""
    shown = text[:_SHOWN]
    end = _RETURNED.search(shown)
    return shown[: end.start()] if end and end.start() > 0 else shown


def machine(author: str) -> bool:
    """True if the author's field is one that mail systems write."""
    return _MACHINE.search(author[:500]) is not None or not author.strip("<> ") or author.rstrip().endswith("<>")


def fails(author: str, subject: str, said: str) -> bool:
    """True if a notice says that a mail could not be delivered."""
    return marked(author, subject) and (
        _OPENING.search(said) is not None or (machine(author) and _SUBJECT.search(subject[:500]) is not None)
    )


def marked(author: str, subject: str) -> bool:
    """True if a machine seems to speak: by its name, or by a subject that people do not write."""
    return machine(author) or _SUBJECT.search(subject[:500]) is not None


def delays(subject: str, said: str) -> bool:
    """True if a notice says that delivery goes on being tried."""
    return _DELAY.search(subject[:500]) is not None or _DELAY.search(said) is not None


def autoreply(subject: str) -> bool:
    """True for the subjects of vacation notices and their like."""
    return _AUTOREPLY.search(subject[:500].strip()) is not None


def challenges(subject: str, said: str) -> bool:
    """True if the text asks its reader to prove to be one."""
    return _CHALLENGE.search(f"{subject[:500]} {said}") is not None


def entries(said: str) -> list[tuple[str, str]]:
    """The addresses a notice lists, each on a line of its own, with what follows until the next; none is none."""
    found = list(_ENTRY.finditer(said))[:_ENTRIES]
    ends = [*(match.start() for match in found[1:]), len(said)]
    return [(match[1], said[match.start() : end]) for match, end in zip(found, ends, strict=bool(found))]


def codes(text: str) -> tuple[int | None, str]:
    """The SMTP code and the enhanced code a text speaks of, None and "" where it has none; a pair before a single."""
    pair = _REPLY.search(text)
    if pair:
        return int(pair[1]), pair[2]
    enhanced, code = _CODES.search(text), _CODE.search(text)
    return int(code[1]) if code else None, enhanced[1] if enhanced else ""
