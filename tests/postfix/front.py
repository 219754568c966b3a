"""A private Postfix: the MX of a domain published elsewhere, its forward to us, and the relay our copies leave by."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = "/usr/sbin/postfix"
DAEMONS = "/usr/lib/postfix/sbin"
PATIENCE_SECONDS = 120.0  # a Postfix beside everything else on a busy machine
PUBLISHED, SERVED = "corp.example.org", "groups.example.org"
AUTHSERV_ID = "front.example.org"
AUTHOR = "ada@example.org"
# Not in a chroot; without pickup, local and virtual, for nothing here is submitted or kept on the machine.
MASTER = """127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class PostfixMissing(Exception):  # noqa: N818 - a reason to skip
    """No Postfix can run here; the text says why."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where Postfix listens, where it forwards our domain's mail (the bridge), and where all other mail goes."""

    postfix: int
    bridge: int
    world: int


def until(true: Callable[[], bool], what: str) -> None:
    """Wait until `true()`. Raises TimeoutError that says `what` did not happen."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)


def answers(port: int) -> bool:
    """Whether somebody listens on a loopback port."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def postfix(ports: Ports) -> Iterator[None]:
    """Run Postfix for as long as the block. Raises PostfixMissing where it is not installed or may not start."""
    if not os.access(PROGRAM, os.X_OK) or not Path(DAEMONS).is_dir():
        raise PostfixMissing("Debian's postfix is not installed")
    if os.geteuid() != 0:
        raise PostfixMissing("Postfix starts as root only")
    # A short path, since sockets lie below it, and one that Postfix's own account may enter.
    with tempfile.TemporaryDirectory(prefix="pf-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        _configure(folder, ports)
        with (folder / "start.log").open("w") as said:
            launcher = subprocess.Popen([PROGRAM, "-c", str(folder / "etc"), "start-fg"], stdout=said, stderr=said)
        try:
            until(lambda: answers(ports.postfix) or launcher.poll() is not None, "Postfix did not start")
            if launcher.poll() is not None:
                raise RuntimeError(f"Postfix ended at once: {_logs(folder)}")
            yield
        except BaseException as error:
            error.add_note(_logs(folder))
            raise
        finally:
            _end(launcher, folder)


def _end(launcher: subprocess.Popen[bytes], folder: Path) -> None:
    """End master, and with it its daemons: it leads a process group of its own, and the launcher only waits for it."""
    noted = folder / "spool" / "pid" / "master.pid"
    master = int(noted.read_text()) if noted.exists() else None
    if launcher.poll() is not None:
        return
    if master is None:
        launcher.terminate()
    else:
        os.kill(master, signal.SIGTERM)
    try:
        launcher.wait(10)
    except subprocess.TimeoutExpired:
        if master is not None:
            os.killpg(master, signal.SIGKILL)
        launcher.kill()
        launcher.wait()


def _configure(folder: Path, ports: Ports) -> None:
    for name in ("etc", "spool", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    tables = {
        "virtual": f"team@{PUBLISHED} team@{SERVED}\n",
        "transport": f"{SERVED} relay:[127.0.0.1]:{ports.bridge}\n",
        # Stands for the DMARC filter of a real front: what it found out is written on top of what came in.
        "verdicts": f"{AUTHOR} PREPEND Authentication-Results: {AUTHSERV_ID}; dmarc=pass header.from=example.org\n",
    }
    for name, text in tables.items():
        (folder / "etc" / name).write_text(text)
    settings = {
        "compatibility_level": "3.6",
        "queue_directory": f"{folder}/spool",
        "data_directory": f"{folder}/data",
        "command_directory": "/usr/sbin",
        "daemon_directory": DAEMONS,
        "mail_owner": "postfix",
        "setgid_group": "postdrop",
        "maillog_file": f"{folder}/mail.log",
        "maillog_file_prefixes": str(folder),
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "disable_dns_lookups": "yes",
        "smtp_host_lookup": "native",
        "myhostname": AUTHSERV_ID,
        "mydestination": "",
        "mynetworks": "127.0.0.0/8",
        "alias_maps": "",
        "notify_classes": "",
        "append_dot_mydomain": "no",
        "virtual_alias_domains": PUBLISHED,
        "virtual_alias_maps": f"texthash:{folder}/etc/virtual",
        "relay_domains": SERVED,
        "relay_recipient_maps": "",
        "transport_maps": f"texthash:{folder}/etc/transport",
        "relayhost": f"[127.0.0.1]:{ports.world}",
        "smtpd_sender_restrictions": f"check_sender_access texthash:{folder}/etc/verdicts",
    }
    (folder / "etc" / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in settings.items()))
    (folder / "etc" / "master.cf").write_text(MASTER.format(port=ports.postfix))


def _logs(folder: Path) -> str:
    found = [folder / "start.log", folder / "mail.log"]
    return "\n".join(path.read_text(errors="replace")[-6000:] for path in found if path.exists())
