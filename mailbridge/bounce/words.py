"""The words by which reports say why: patterns over a text without addresses. Pure.

Collected from what Postfix, Exim, qmail, sendmail, Exchange, Gmail, Yahoo, SES and dozens of others write.
"""

from __future__ import annotations

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_BOX = r"(?:user|recipient|mailbox|account|address(?:ee)?|person|alias|local.?part|inbox|mail ?folder|e-?mail account)"

# Said of the whole mail, not at RCPT: sendmail's transcript, Postfix, Exim.
AFTER_DATA = _any(
    r">>> DATA <<< 5",
    r"in reply to (?:end of )?DATA command",
    r"after (?:end of data|DATA|pipelined (?:sending )?data)\b",
    r"\b5\d\d : user unknown",  # names nobody, unlike the reply to RCPT
)

PLAINLY_UNKNOWN = _any(r"\buser unknown\b|\bunknown user\b")

# With pipelining the RCPT's refusal is read after DATA was said; then DATA is refused too.
PIPELINED = _any(r"no valid recipients", r"need (?:a )?RCPT", r"503 ")

# The address is the subject of the sentence, and there is no other word.
ITSELF = _any(r"\b5\d\d \S+@\S+ rejected$")

SPOOL = _any(r"procmail: |couldn'?t create \"|cannot (?:append|open) .{0,20}(?:/var|mailbox file)")

NULL_MX = _any(
    r"null ?mx", r"(?:does not|doesn'?t) accept (?:any )?(?:e-?)?mail\b", r"domain (?:has|is).{0,20}no.?mail"
)

# The author's domain asks for a proof that this mail does not carry.
AUTHENTICATION = _any(
    r"\b(?:DMARC|DKIM|SPF|ARC)\b.{0,80}\b(?:fail|pass|reject|polic|check|verif|align|quarantine|not|invalid|record)",
    r"\b(?:fail|pass|reject|polic|check|verif|align|unauthenticated|evaluation)\w*\b.{0,60}\b(?:DMARC|DKIM|SPF)\b",
    r"unauthenticated (?:e-?)?mail|does not have authentication information",
    r"sender id\b.{0,30}(?:fail|pra)",
    r"not (?:an )?authorized.{0,30}\b(?:SPF|relay for)",
)

# Our place on the network, our rate, our permission.
US = _any(
    r"\b(?:block|deny|black|deni)[ -]?(?:list|listed|ed using)\b",
    r"\b(?:RBL|DNSBL|spamhaus|spamcop|barracuda(?:central)?|sorbs|senderscore|abuseat|uceprotect|cloudmark"
    r"|proofpoint)\b",
    r"\breputation\b",
    r"reverse (?:dns|hostname|lookup|ip|address)|\bPTR\b|\brDNS\b|cannot (?:find|resolve).{0,20}(?:client"
    r"|hostname|your)",
    r"\b(?:client host|client|helo|ehlo|your (?:ip|host|server|network|isp)|ip(?: address)?|connection)\b.{0,50}"
    r"\b(?:rejected|blocked|banned|denied|refused|not (?:accepted|allowed|permitted)|prohibited)\b",
    r"(?:rejected|blocked|banned|refus\w+|not accepting).{0,40}\b(?:your (?:ip|host|server|network)|from \[?\d"
    r"|dynamic|residential)",
    r"my name was rejected|mismatches client ip|name lookup failed|insecure mail relay|banned (?:sending )?ip"
    r"|dynamic (?:ip|address|pool|host)|dial.?up|open (?:relay|proxy)",
    r"relay(?:ing)?(?: access)?(?: is| mail)?(?: to .{0,40})? (?:denied|not permitted|not allowed|prohibited)",
    r"(?:unable|not permitted|not allowed|refuse|we do not) (?:to )?relay|rcpthosts",
    r"too many (?:connections|messages|e-?mails|concurrent|sessions|sends|recipients|rcpts)|\bthrottl|rate.?limit",
    r"(?:limit|quota|threshold)\b.{0,40}\b(?:per (?:day|hour|minute)|daily|hourly|sending|rate)\b",
    r"(?:daily|hourly|sending|sender)\b.{0,20}\b(?:limit|quota)\b",
    r"receiving (?:mail|e-?mail) (?:at a rate|too quickly)|at a rate that",
    r"\bTSS0\d\b|\bPH01\b|permanently deferred",
    r"greylist|grey-list|graylist",
    r"bad (?:sender'?s? )?(?:dns|ip)|unresolvable|domain of sender.{0,30}(?:ip|host)",
    r"authentication (?:is )?required|must (?:be )?authenticat|need to authenticate|not authenticated",
)

# The mail itself.
CONTENT = _any(
    r"\b(?:spam|virus|malware|phish\w*|unsolicited|infected|malicious|trojan|worm)\b(?!.{0,20}(?:block|black)list)",
    r"\battachment\b.{0,40}\b(?:not|block|reject|prohibit|type|forbidden|illegal)",
    r"(?:message|content|body|subject|mail)\b.{0,30}\b(?:rejected|refused|blocked|denied) (?:due to|because of"
    r"|for|by) .{0,20}content",
    r"content (?:rejected|filter|polic|violat|restrict|not accept)|objectionable|suspicious",
    r"\bheaders?\b.{0,40}\b(?:missing|invalid|malformed|illegal|duplicate|multiple|unacceptable|not)\b"
    r"|RFC ?(?:2|5)[38]22",
    r"malformed (?:message|header|mime|mail|address)|8bit|bare (?:lf|cr)|mime (?:error|violation|conversion)"
    r"|conversion (?:to|required|failed)",
)

FULL = _any(
    r"(?:mail ?box|in ?box|folder|mail ?folder|quota|storage|disk|account|user)\b.{0,40}\b(?:is |are )?(?:full"
    r"|exceed\w*|over|exhausted|out of|violation)\b",
    r"(?:full|exceed\w*|over|insufficient|not enough) (?:the |their |its |his |allowed |maximum |disk "
    r"|mail ?box |storage |mail )*(?:mail ?box|quota|storage|disk ?space|space|inbox)",
    r"over ?quota|quota (?:has been )?(?:exceed|violat|over|full)|exceed\w*.{0,40}\b(?:quota|storage"
    r"|mail ?box)|\bquota\b.{0,20}\bexceed",
    r"too much mail|mailbox size (?:limit|exceeded)|user mailbox exceeds|disk quota",
    r"メールボックス.{0,6}(?:一杯|いっぱい)|一杯のため|容量",
    r"postfach.{0,20}voll|bo[iî]te.{0,20}pleine|buz[oó]n.{0,20}lleno",
)

MOVED = _any(
    r"(?:has |have )?moved(?: to| and| from|,|;|\.)|address (?:has )?changed|new (?:e-?mail )?address"
    r"|has been replaced by|no longer (?:works|employed|with) .{0,60}(?:please|contact|use)",
)

SIZE = _any(
    r"(?:message|mail|size|header|attachment)\w*\b.{0,50}\b(?:too (?:big|large)"
    r"|exceeds?(?: fixed)?(?: the)? (?:maximum|limit|size|max)|larger than|size limit"
    r"|maximum (?:message )?size)",
    r"too (?:big|large)|exceed\w* (?:the )?(?:maximum|max\.?) (?:incoming )?(?:message )?size|size exceeds",
)

SUSPENDED = _any(
    rf"\b{_BOX}\b[^.]{{0,50}}\b(?:disabled|inactive|suspended|deactivated|locked|expired|not active|frozen"
    rf"|closed|on hold|dormant|unpaid|stopped)\b",
    rf"\b(?:disabled|inactive|suspended|deactivated|locked|expired|frozen|closed|terminated"
    rf"|dormant)\b.{{0,30}}\b{_BOX}\b",
    r"not been collected|currently (?:disabled|suspended|inactive)|temporarily disabled"
    r"|domain.{0,20}(?:suspended|expired|parked)",
    r"over (?:its|their) .{0,20}inactivity",
)

# The author's address or domain, by itself.
AUTHOR = _any(
    r"\b(?:sender|domain of sender|sender'?s? (?:address|domain)|from address|return path|mail from|envelope)\b.{0,60}"
    r"\b(?:rejected|refused|denied|not (?:exist|resolve|found|valid|allowed)|does not|invalid|unknown|verif\w+"
    r"|blocked|failed|unresolv\w+)",
    r"\b(?:invalid|unknown|rejected|unverified|bad|illegal) (?:sender|return path|from)\b",
    r"sender.{0,20}(?:block|reject|deni|refus)",
)

# They take mail from some only, or a filter of theirs decided without a word about why.
RESTRICTED = _any(
    r"RESOLVER\.RST|RestrictedToRecipients|not allowed to (?:send|post)|permission to (?:post|send)"
    r"|delivery not authorized",
    r"not accepting (?:mail|messages) from|refused by (?:the )?recipient|recipient (?:has )?(?:blocked|refus|filter)",
    r"投稿する権限|not (?:a )?member|members? only|only members|no permission|due to (?:extended inactivity|filter)",
    r"moderat(?:ed|ion|or)|domain/user (?:block|filter)|filtered|did not accept (?:your|the|this)|will not accept",
)

UNKNOWN = _any(
    rf"\b{_BOX}(?: name)?\b[^.]{{0,60}}\b(?:unknown|not (?:be )?(?:found|exist|known|listed|valid|available"
    rf"|local|registered|recognized)|invalid|no longer (?:valid|available|exist\w*|in use|active|here)"
    rf"|does(?: not|n'?t) exist|could(?: not|n'?t) be found|wasn'?t found|un?available|undeliverable|incorrect"
    rf"|doesn'?t have)\b",
    rf"\b(?:unknown|invalid|no such|bad|non-?exist\w*|illegal|unable to (?:find|validate|verify)"
    rf"|no(?:t a)? (?:valid|registered|matching)?|not our|no valid|wrong|undefined|incorrect"
    rf"|mistyped)\b ?(?:{_BOX}|name|destination mailbox|gateway user|final delivery userid|local user|virtual"
    rf"|destination)\b",
    r"(?:does not|doesn'?t|not|no longer) exist\b",
    r"doesn'?t have an? .{1,40}account|no mailbox here|nobody (?:by|with) that|not a (?:valid|registered"
    r"|known)|no one by that",
    r"mailbox unavailable|unrouteable address|RecipN(?:ot)?Found|RecipientNotFound|NoSuchUser"
    r"|address not found|NotFound",
    r"not listed in|public name & address book|no such person|user\w* (?:unknown|not (?:known|found|exist))"
    r"|invalid.?recipient|recipient.?unknown",
    r"unknown (?:recipient|in) |no such (?:address|user|recipient|mailbox)|address(?:es)? (?:unknown|error)"
    r"|n'existe pas",
    r"recipient (?:address )?rejected: (?:undeliverable|access denied)|no valid recipient|見つかりません"
    r"|doesn'?t exist|no account|cannot find user|can'?t find|user isn'?t",
)

# The recipient was refused, and nothing says why.
REFUSED = _any(r"recipient (?:address )?rejected|invalid recipient|address rejected")

# The time is said, so it was tried for that long.
GAVE_UP = _any(
    r"aborted after \d",
    r"(?:for|after) (?:the last )?\d[\d.]* (?:seconds?|minutes?|hours?|days?)\. giving up",
    r"in (?:my|the) queue too long",
    r"retry time(?:out)? (?:exceeded|not reached)",
)

HOST = _any(
    r"\b(?:host|domain)(?: ?name| part)?(?: \S{1,60}\.\S{1,60})?:? (?:is )?(?:unknown|not (?:found|known"
    r"|exist)|does(?: not|n'?t) exist)\b",
    r"\S{1,60}\.\w{2,30} does not exist$|bad destination system|lookup failure|unresolvable",
    r"\b(?:unknown|no such|invalid|non-?existent|bad|illegal) (?:host|domain|server|mail ?server|remote host)\b",
    r"unrouteable mail domain|unroutable|illegal host|couldn'?t find any host|domain is not reachable|\bNXDOMAIN\b",
    r"name (?:service|server|lookup) (?:error|failure)|DNS (?:error|lookup|failure|problem)|host not found",
    r"could(?: not|n'?t) find (?:a |any )?(?:host|gateway|mail|server)|all relevant MX records",
    r"\bno (?:mx|route|valid mx|dns)\b.{0,20}\b(?:found|record|host|for)\b",
)

NO_MAIL = _any(
    r"(?:system|server|host|domain|machine)\b.{0,20}\bnot accepting (?:network )?(?:messages|mail)",
    r"no mx (?:record )?found|not accept(?:ing)? (?:e-?)?mails?\b|mail (?:is )?not accepted here",
    r"all (?:relevant )?MX records (?:point|are)|no longer accept(?:s|ing) mail",
)

EXPIRED = _any(
    r"\bexpired\b|giving up|too long|undeliver\w+ (?:for|within|in) .{0,20}(?:day|hour|minute|second)",
    r"(?:could|has|was) not (?:be )?(?:been )?deliver\w*.{0,20}(?:for|within|in) .{0,20}(?:day|hour|minute|second)",
    r"(?:after|for|within) (?:the last )?\d+(?:\.\d+)? (?:day|hour|minute|second)|multiple retries"
    r"|allowed queue period|delivery attempts",
    r"delivery time.{0,10}(?:expired|exceeded)|maximum (?:delivery )?(?:attempts|retries|hold)|unable to deliver in",
    r"connection timed out|timed? ?out|timeout",
)

NETWORK = _any(
    r"too many hops|mail (?:forwarding )?loop|routing loop|loops? back|hop count|\bloop\b",
    r"did not accept our requests to connect|connection (?:refused|was (?:dropped|refused|reset|lost|closed)"
    r"|reset|lost|dropped|failed|timed)|could(?: not|n'?t) connect|wasn'?t able to (?:establish|connect)",
    r"network (?:error|is unreachable|unreachable|problem)|no route to host|(?:host"
    r"|not) (?:is )?(?:unreachable|reachable)|lost connection|TLS|STARTTLS|not responding",
)

SYSTEM = _any(
    r"(?:local|internal|system|configuration|server|software|processing|mail ?system|mailer"
    r"|temporary) (?:error|failure|problem|fault)|I/O error|out of memory",
    r"can(?:not|'?t) (?:create|open|write|lock|exec)|insufficient system|command (?:died|failed|not|rejected)"
    r"|process (?:died|failed|returned)|mailer.{0,10}(?:error|died)|procmail|pipe(?:d|s)?\b.{0,30}(?:fail"
    r"|return)",
    r"try again later|service (?:currently |temporarily |not )*(?:un|not )?available|temporarily unavailable"
    r"|transport (?:error|unavailable)|please try again",
    r"returned (?:non-?zero|failure|error)|exit(?:ed)? (?:status|with)|exception",
)

POLICY = _any(
    r"polic(?:y|ies)|den(?:y|ied)|reject|block|prohibit|refus|abuse|forbidden|violat|banned|restrict",
    r"not (?:allowed|accepted|permitted|authorized)|unauthorized|security",
)
