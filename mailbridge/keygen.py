"""`python -m mailbridge keygen DOMAIN`: new signing keys, and what DNS and the settings must say about them."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from mailbridge.keyring import KeyFile, is_selector
from mailbridge.rewrite.keys import Algorithm, SigningKey, strings
from store.settings import domain
from store.texts import say

LANGUAGE = "en"


class KeygenRefused(Exception):  # noqa: N818 - said to the person at the terminal
    """No key was made; the message is one line that says why."""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to a command line."""
    summary = "make signing keys for a domain, and print their DNS records"
    command = commands.add_parser("keygen", help=summary, description=summary)
    command.add_argument("domain", metavar="DOMAIN", help="the domain whose mail they sign, or a parent of it")
    command.add_argument("--selector", default="postroom", help="the key's name in DNS (default: postroom)")
    command.add_argument("--out", type=Path, metavar="FILE", help="the key's file (default: DOMAIN.SELECTOR.pem)")
    command.add_argument("--ed25519", action="store_true", help="an Ed25519 key too, which signs beside the RSA key")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the keys and say what to do with them: 0, or 2 with a line on standard error."""
    try:
        made = _make(arguments.domain, arguments.selector, arguments.out, ed25519=arguments.ed25519)
    except KeygenRefused as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 2
    sys.stdout.write("\n".join(_lines(made)) + "\n")
    return 0


def _make(name: str, selector: str, out: Path | None, *, ed25519: bool) -> list[tuple[KeyFile, SigningKey]]:
    try:
        name = domain(name)
    except ValueError as error:
        raise KeygenRefused(say(LANGUAGE, "bridge.keygen.domain", domain=name[:80])) from error
    if not is_selector(selector):
        raise KeygenRefused(say(LANGUAGE, "bridge.keygen.selector", selector=selector[:80]))
    out = out or Path(f"{name}.{selector}.pem")
    wanted = [(Algorithm.RSA, selector, out)]
    if ed25519:
        wanted.append((Algorithm.ED25519, f"{selector}-ed25519", out.with_name(f"{out.stem}-ed25519{out.suffix}")))
    for _, _, path in wanted:
        if path.exists() or ":" in str(path) or "," in str(path):  # the last two divide POSTROOM_DKIM_KEYS
            reason = "exists" if path.exists() else "path"
            raise KeygenRefused(say(LANGUAGE, f"bridge.keygen.{reason}", file=path))
    made = []
    for algorithm, each, path in wanted:
        key = SigningKey.generate(algorithm)
        _write(path, key.pem())
        made.append((KeyFile(name, each, str(path.resolve())), key))
    return made


def _write(path: Path, pem: bytes) -> None:
    """A new file that only its owner can read, from its first moment on."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
    except OSError as error:
        problem = error.strerror or str(error)
        raise KeygenRefused(say(LANGUAGE, "bridge.keygen.unwritable", file=path, problem=problem)) from error


def _lines(made: list[tuple[KeyFile, SigningKey]]) -> list[str]:
    lines = [say(LANGUAGE, "bridge.keygen.dns", n=len(made))]
    for file, key in made:
        record = " ".join(f'"{each}"' for each in strings(key.record()))
        lines.append(f"{file.selector}._domainkey.{file.domain}. IN TXT ( {record} )")
    # Several keys of other domains may stand there already, which only the person knows.
    lines += ["", say(LANGUAGE, "bridge.keygen.setting")]
    lines.append(f"POSTROOM_DKIM_KEYS={','.join(str(file) for file, _ in made)}")
    return lines
