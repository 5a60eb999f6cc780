"""Where Ray's daemons may listen as they like: a network that has this machine's own loopback and nothing else.

`python -m tests.cluster.alone COMMAND...` runs a command in one, when started by what `alone` gives.
"""

import os
import shutil
import socket
import struct
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
_SET_FLAGS, _UP = 0x8914, 0x1 | 0x40  # Linux: SIOCSIFFLAGS; IFF_UP and IFF_RUNNING


def alone(*command: str) -> list[str]:
    """The command line that runs a Python module alone; without namespaces it is on this machine's network."""
    here = [sys.executable, "-m", *command]
    for unshare in (["unshare", "-n"], ["unshare", "-rn"]):
        if shutil.which("unshare") and subprocess.call([*unshare, "true"], stderr=subprocess.DEVNULL) == 0:
            return [*unshare, sys.executable, "-m", "tests.cluster.alone", *here]
    return here


def environment(**more: str) -> dict[str, str]:
    """This process's, without a proxy or a cluster of the user's own, and with this project to import."""
    theirs = ("RAY_", "AWS_", "HTTP", "http")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
    return kept | {"PYTHONPATH": str(ROOT)} | more


if __name__ == "__main__":
    import fcntl

    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, _SET_FLAGS, struct.pack("16sh14x", b"lo", _UP))
    os.execv(sys.argv[1], sys.argv[1:])
