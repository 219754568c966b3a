"""A signer: the process that holds the private keys. `python -m mailbridge.deliver.signer`, started by `signers`.

On standard input: one line of JSON, the keys in PEM; then batches of jobs until the end, which is when it ends too.
On standard output, for each batch, its signatures in order. It knows nothing of mail: a job is a key's number and a
SHA-256 digest.
"""

from __future__ import annotations

import json
import signal
import struct
import sys
from typing import BinaryIO, Final

from mailbridge.rewrite.keys import SigningKey

COUNT: Final = struct.Struct(">H")  # before the jobs of a batch: how many
JOB: Final = struct.Struct(">H32s")  # the key's number, and the digest
LENGTH: Final = struct.Struct(">I")  # before the signatures of a batch: how many octets
SIGNATURE: Final = struct.Struct(">H")  # before each signature: how many octets


def serve(reader: BinaryIO, writer: BinaryIO) -> None:
    """Sign until the input ends."""
    keys = [SigningKey.load(pem.encode("ascii")) for pem in json.loads(reader.readline())]
    while len(count := reader.read(COUNT.size)) == COUNT.size:
        jobs = reader.read(COUNT.unpack(count)[0] * JOB.size)
        signatures = [keys[number].sign(digest) for number, digest in JOB.iter_unpack(jobs)]
        octets = b"".join(SIGNATURE.pack(len(each)) + each for each in signatures)
        writer.write(LENGTH.pack(len(octets)) + octets)
        writer.flush()


def main() -> None:
    """The end of the input is the only way to end it: its bridge, told to stop, still has copies to sign."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    try:
        serve(sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:
        sys.exit(1)  # the bridge was killed


if __name__ == "__main__":
    main()
