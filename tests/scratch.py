"""Where tests keep their files: in memory, where the machine has a file system for that with room enough.

A run makes thousands of databases that live for a moment. On a disk, laying out their files costs more processor time
than all that is asked of them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 4 << 30  # octets; a run was seen to need 1 GiB


def settle() -> None:
    """Let `tempfile`, and whatever a test starts, use memory, unless TMPDIR says where files are to be."""
    if "TMPDIR" not in os.environ and _serves(MEMORY):
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None  # asked before, it would remember


def _serves(folder: Path) -> bool:
    # Tests start programs that they wrote or copied there; some containers mount it so that nothing in it can be run.
    return (
        folder.is_dir()
        and os.access(folder, os.W_OK)
        and not os.statvfs(folder).f_flag & os.ST_NOEXEC
        and shutil.disk_usage(folder).free > ROOM
    )
