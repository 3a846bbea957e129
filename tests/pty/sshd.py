"""A real sshd on loopback for tests: its own keys, its own port, started and ended with the test."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.processes import wait_until
from tests.pty.terminals import Terminal, program

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
MISSING = [name for name, found in (("sshd", SSHD), ("ssh", shutil.which("ssh"))) if found is None]
needs_sshd = pytest.mark.skipif(bool(MISSING), reason=f"no {' and no '.join(MISSING)} on this machine")


@dataclass(frozen=True, slots=True)
class Server:
    """An sshd, and how to get in."""

    pid: int
    client: Sequence[str]

    @contextmanager
    def session(self, folder: Path, command: str) -> Iterator[Terminal]:
        """A terminal at the near end of a link, with this shell command at the far end."""
        line = [*self.client, f"cd {folder} && exec {command}"]
        with program(folder, line, {}) as screen:
            yield screen

    def cut(self, pid: int) -> None:
        """Kill the server's processes between it and a process at the far end."""
        ours = []
        while (pid := _parent_of(pid)) not in {self.pid, 0}:
            if _name_of(pid).startswith("sshd"):
                ours.append(pid)
        assert ours, "nothing of sshd stands between"
        for one in ours:
            os.kill(one, signal.SIGKILL)


@contextmanager
def sshd(folder: Path) -> Iterator[Server]:
    """Run one, with all that it needs in this folder."""
    assert SSHD is not None
    for name in ("host", "user"):
        key = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
        subprocess.run(key, check=True, stdin=subprocess.DEVNULL)
    shutil.copy(folder / "user.pub", folder / "authorized")
    if os.geteuid() == 0:  # where root's sshd keeps its powerless half; the package's service makes it elsewhere
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    port = _free_port()
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {folder / 'host'}\nAuthorizedKeysFile {folder / 'authorized'}\n"
        "PidFile none\nUsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\nPrintMotd no\n",
        "utf-8",
    )
    with (folder / "sshd.log").open("wb") as log:
        server = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", str(folder / "sshd_config")], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        wait_until(lambda: _answers(port) or server.poll() is not None, "sshd listens")
        assert server.poll() is None, (folder / "sshd.log").read_text("utf-8")
        options = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes", "LogLevel=ERROR")
        client = ["ssh", "-tt", "-F", "none", "-i", str(folder / "user"), "-p", str(port)]
        for option in options:
            client += ["-o", option]
        yield Server(server.pid, [*client, f"{getpass.getuser()}@127.0.0.1"])
    finally:
        server.terminate()
        server.wait(10)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as one:
            return one.recv(4) == b"SSH-"
    except OSError:
        return False


def _parent_of(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith("PPid:"):
            return int(line.split()[1])
    return 0


def _name_of(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text("utf-8").strip()
