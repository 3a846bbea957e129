"""Starts `holytui` processes from one that has imported it already.

Most of what a short command takes is its imports, and the tests start some hundreds of commands. Each is still a
process of its own, with its own signals, files and exit code: only the imports are shared. It ends without Python's
teardown, which would take fifteen times as long as a short command, for all that was imported is taken apart. The
terminal tests and whatever else uses `HOLYTUI` of `processes.py` start Python anew, and end as it does.
"""

import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOM = 1 << 17
"""Bytes: the longest request, arguments and environment."""
PRELOADED = (
    "jsonschema",
    "holytui.cli.headless",
    "holytui.cli.tools",
    "holytui.cli.views",
    "holytui.cli.sessions",
    "holytui.cli.defects",
    "holytui.provider.resolver",
    "holytui.provider.simulator",
    "holytui.runs.local",
    "holytui.store.export",
    "holytui.api.app",
    "holytui.api.serving",
    "holytui.api.web",
    "holytui.distributed.elsewhere",
    "holytui.distributed.worker",
    # What Celery imports late.
    "celery.app.amqp",
    "celery.app.control",
    "celery.concurrency.thread",
    "celery.worker.strategy",
    "kombu.transport.redis",
)


@dataclass(slots=True)
class Forked:
    """One started process; it answers to what the tests ask of `subprocess.Popen`."""

    pid: int
    reply: socket.socket
    returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, or minus the signal that ended it.

        Raises:
            subprocess.TimeoutExpired: it runs on after `timeout` seconds.
        """
        if self.returncode is None:
            self.reply.settimeout(timeout)
            try:
                told = self.reply.recv(64)
            except TimeoutError as error:
                raise subprocess.TimeoutExpired(["holytui"], timeout or 0.0) from error
            assert told, "the fork server is gone"
            self.returncode = int(told)
            self.reply.close()
        return self.returncode

    def poll(self) -> int | None:
        """Its exit code, or nothing while it runs."""
        if self.returncode is not None:
            return self.returncode
        try:
            return self.wait(0.0)
        except (subprocess.TimeoutExpired, BlockingIOError):
            return None

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it is over."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """The server, seen from the tests; it ends with them."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.forkserver", str(theirs.fileno())],
            cwd=Path(__file__).parents[1],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()

    def start(
        self, arguments: list[str], *, cwd: Path, env: dict[str, str], stdout: int, stderr: int, session: bool = False
    ) -> Forked:
        """Start `holytui` with these arguments; the descriptors stay the caller's."""
        # In packets: what a short command's beginning and end say must not run together.
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = json.dumps({"argv": arguments, "cwd": str(cwd), "env": env, "session": session}).encode()
        assert len(request) < ROOM
        with theirs:
            socket.send_fds(self._control, [request], [stdout, stderr, theirs.fileno()])
        return Forked(int(mine.recv(64)), mine)


Running = dict[int, tuple[int, socket.socket]]
"""By process handle: the process and where its end is told."""


def serve(control: socket.socket) -> dict[str, object] | None:
    """Fork a process a request; returns its request in each of them, and nothing in the server, at the tests' end."""
    running: Running = {}
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fd in running:
                    selector.unregister(key.fd)
                    _tell_end(key.fd, *running.pop(key.fd))
                    continue
                request, descriptors, _, _ = socket.recv_fds(control, ROOM, 3)
                if not request:
                    return None
                pid = os.fork()
                if pid == 0:
                    _settle(descriptors, running)
                    return dict(json.loads(request))
                handle = os.pidfd_open(pid)
                running[handle] = (pid, _tell_begin(pid, descriptors))
                selector.register(handle, selectors.EVENT_READ)


def _tell_begin(pid: int, descriptors: list[int]) -> socket.socket:
    stdout, stderr, told = descriptors
    os.close(stdout)
    os.close(stderr)
    reply = socket.socket(fileno=told)
    _tell(reply, str(pid))
    return reply


def _tell_end(handle: int, pid: int, reply: socket.socket) -> None:
    os.close(handle)
    _, status = os.waitpid(pid, 0)
    _tell(reply, str(os.waitstatus_to_exitcode(status)))
    reply.close()


def _tell(reply: socket.socket, words: str) -> None:
    with suppress(OSError):  # the test ended without waiting for its process
        reply.sendall(words.encode())


def _settle(descriptors: list[int], others: Running) -> None:
    """In the new process: its output where the test wants it, and nothing of the server's."""
    for handle, (_, reply) in others.items():
        os.close(handle)
        reply.close()
    stdout, stderr, _ = descriptors
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    for descriptor in descriptors:
        os.close(descriptor)


def _leave(code: object) -> None:
    assert isinstance(code, int), code
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """Import, serve, and in each forked process run `holytui` to its end."""
    import importlib

    for name in PRELOADED:
        importlib.import_module(name)
    from holytui.cli.group import main as command

    gc.freeze()
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    request = serve(control)
    control.close()
    if request is None:
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if request["session"]:
        os.setsid()
    environment = request["env"]
    assert isinstance(environment, dict)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(str(request["cwd"]))
    arguments = request["argv"]
    assert isinstance(arguments, list)
    sys.argv = ["holytui", *map(str, arguments)]
    try:
        command()
    except SystemExit as end:
        _leave(end.code)


if __name__ == "__main__":
    main()
