"""`python -m mailbridge keygen`: what it writes signs, what it prints verifies, and nothing is written over."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mailbridge import keyring
from mailbridge.rewrite.keys import SigningKey
from mailbridge.settings import keyfiles
from tests.flows.program import environment


def keygen(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The real command, without any setting."""
    return subprocess.run(
        [sys.executable, "-m", "mailbridge", "keygen", *arguments],
        cwd=folder, env=environment({}), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_both_keys_their_records_and_their_setting(tmp_path: Path) -> None:
    ran = keygen(tmp_path, "Groups.Example.org", "--selector", "s2026", "--ed25519")
    assert (ran.returncode, ran.stderr) == (0, "")
    setting = re.search(r"^POSTROOM_DKIM_KEYS=(.*)$", ran.stdout, re.MULTILINE)
    assert setting is not None
    files = keyfiles(setting[1])
    ring = keyring.read(files, ("groups.example.org",))  # type: ignore[arg-type]  # what text becomes
    assert ring.warnings == ()  # 2,048 bits, and nobody else can read them
    names = [path.name for path in sorted(tmp_path.iterdir())]
    assert names == ["groups.example.org.s2026-ed25519.pem", "groups.example.org.s2026.pem"]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    records = re.findall(r"^(\S+)\._domainkey\.groups\.example\.org\. IN TXT \( (.*) \)$", ran.stdout, re.MULTILINE)
    for (selector, record), identity in zip(records, ring.identities.speaking_for("groups.example.org"), strict=True):
        strings = re.findall(r'"([^"]*)"', record)
        assert all(len(each) <= 255 for each in strings)
        assert selector == identity.selector
        assert "".join(strings) == SigningKey.load(ring.pems[identity.number]).record()
    assert "PRIVATE" not in ran.stdout


def test_a_file_of_ones_own_is_never_written_over(tmp_path: Path) -> None:
    out = tmp_path / "key.pem"
    assert keygen(tmp_path, "example.org", "--out", str(out)).returncode == 0
    made = out.read_bytes()
    ran = keygen(tmp_path, "example.org", "--out", str(out), "--ed25519")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.count("\n") == 1
    assert "key.pem is there already" in ran.stderr
    assert out.read_bytes() == made
    assert [path.name for path in tmp_path.iterdir()] == ["key.pem"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["not a domain"], "not a domain"),
        (["example.org", "--selector", "a b"], "not a selector"),
        (["example.org", "--out", "no/such/folder/key.pem"], "cannot be written: No such file"),
        (["example.org", "--out", "a,b.pem"], "without colon and comma"),
    ],
)
def test_a_refusal_is_one_line(tmp_path: Path, arguments: list[str], says: str) -> None:
    ran = keygen(tmp_path, *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert says in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
