"""Administrivia: a post that is nothing but a command, meant for the group's software and sent to all its readers.

A word of a command alone is no sign ("who can help?"): it counts where nothing else is said but courtesies, as in
"Please unsubscribe me from this list" or « Merci de me désabonner ». Signatures and quoted text are not what is said.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from mailbridge import parts
from mailbridge.policy.shape import Shape

# A first text that ends behind this is no short one, whatever it begins with.
_READ = 32_768  # octets of the body
_DESCRIBING = frozenset({b"content-type", b"content-transfer-encoding"})
_LONGEST = 400  # characters of what is said
_MOST_WORDS = 14
_MOST_LINES = 100
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_ADDRESS = re.compile(r"\S+@\S+")
_TAG = re.compile(r"<[^<>]*>?")
# What follows is another's: a signature (RFC 3676 4.3), quoted text, what programs put before it.
_END = re.compile(
    r"--|_{8}|[>|]|(?:on|le) .{0,200}:$|(?:from|de) ?: |(?:sent|get|envoyé|téléchargez) (?:from|de|depuis|outlook)\b",
    re.IGNORECASE,
)

# By the letters without accents, which people leave out.
_COMMANDS = {
    "leave": (
        "unsubscribe unsub signoff remove stop leave desabonner desabonnement desinscrire desinscription desabonnez "
        "desinscrivez desabonne quitter stopper retirer retirez enlever enlevez supprimer supprimez"
    ),
    "join": "subscribe sub join inscrire inscription abonner abonnement inscrivez abonnez",
    "help": "help aide",
}  # fmt: skip
_KIND = {word: kind for kind, words in _COMMANDS.items() for word in words.split()}
_ENGLISH = """
    please pls plz me my mine i i'd i'm would like want to the a an from of off this that your list lists group mailing
    email emails mail mails e-mail e-mails address newsletter thanks thank you hi hello dear regards kind best now take
    can could kindly be removed
"""
_FRENCH = """
    svp stp merci s'il s'il-vous-plait vous plait bonjour bonsoir salut cordialement je j' veux voudrais souhaite desire
    moi m' de du des d' la le les l' cette ce cet votre vos mon ma mes liste listes groupe diffusion courriel courriels
    adresse veuillez pouvez-vous se s'
"""
_COURTESIES = frozenset(f"{_ENGLISH} {_FRENCH}".split())


def command(shape: Shape) -> str:
    """What a post asks of a mailing list (`join`, `leave`, `help`), or "" for one that says anything else.

    The subject speaks where the text says nothing: "unsubscribe" as the subject of an empty mail.
    """
    said = _said(_first_text(shape))
    author = f"{shape.author.name} {shape.author.address.local}"
    return of(said if said.strip() else shape.subject, signed=author)


def of(said: str, *, signed: str = "") -> str:
    """The command that these words are, or "". People sign even a command: the words of `signed` say nothing."""
    if len(said) > _LONGEST:
        return ""
    words = list(_words(_ADDRESS.sub(" ", said)))
    kinds = {_KIND[word] for word in words if word in _KIND}
    if len(words) > _MOST_WORDS or len(kinds) != 1:
        return ""
    idle = _COURTESIES | set(_words(signed))
    return kinds.pop() if all(word in _KIND or word in idle for word in words) else ""


def _words(text: str) -> Iterator[str]:
    """Lower-case words without accents; of `s'abonner` and `me désabonner` the verb."""
    for match in _WORD.finditer(text.lower().replace("\u2019", "'")):
        letters = unicodedata.normalize("NFD", match[0])
        word = "".join(letter for letter in letters if not unicodedata.combining(letter))
        elided, apostrophe, rest = word.partition("'")
        if apostrophe and word not in _COURTESIES and len(elided) == 1:
            yield elided + apostrophe
            word = rest
        if word:
            yield word


def _said(text: str) -> str:
    """What the author wrote themselves: the lines before a signature or quoted text."""
    own: list[str] = []
    length = 0
    for line in text.splitlines()[:_MOST_LINES]:
        bare = line.strip()
        if _END.match(bare):
            # "On Monday Ada\n<ada@example.org> wrote:" belongs to the quotation below it.
            while bare.startswith(">") and own and (own[-1].endswith(":") or not own[-1]):
                own = own[: _last_blank(own)]
            break
        own.append(bare)
        length += len(bare)
        if length > _LONGEST:
            break
    return " ".join(own)


def _last_blank(lines: list[str]) -> int:
    """Where the last paragraph begins, its blank line before it included."""
    at = len(lines) - 1
    while at > 0 and lines[at]:
        at -= 1
    return at


def _first_text(shape: Shape) -> str:
    head = b"".join(field.raw for field in shape.fields if field.name in _DESCRIBING)
    # With a blank line of our own: the body's may be missing, and two are one.
    opened = parts.opened(head + b"\r\n" + bytes(shape.body[:_READ]))
    first = next((part for part in opened.parts if part.kind.startswith(b"text/")), None)
    if first is None:
        return ""
    text = first.text[:_READ]
    return _TAG.sub(" ", text) if first.kind == b"text/html" else text
