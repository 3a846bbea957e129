"""A run behind a real SSH link that breaks ends safely and goes on in a new session; inside tmux it just goes on."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holytui.cli.screen import LINK_NOTICE
from tests.processes import HOLYTUI, Simulator, exported, simulator, status, wait_until, write_job
from tests.pty.sshd import Server, needs_sshd, sshd
from tests.pty.terminals import Terminal

ENTER = "\r"
ITEMS, IN_FLIGHT = 160, 8
ENDS_S = 10.0
"""Within this the process is gone, on a busy machine as well; on an idle one it takes less than a second."""

NOTICE = " ".join(LINK_NOTICE.split()[:4])
"""As much of it as stands on one line of a message."""

pytestmark = needs_sshd


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Simulator]:
    with simulator(tmp_path, "--latency", "0.6") as one:
        yield one


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with sshd(tmp_path) as one:
        yield one


@pytest.fixture
def job(tmp_path: Path) -> Path:
    return write_job(tmp_path, name="letters", source=f"count = {ITEMS}", run=[f"concurrency = {IN_FLIGHT}"])


def run(job: Path, provider: Simulator) -> str:
    """As it is typed at the far end, where little of the environment is known."""
    return shlex.join(["env", "LANG=C.UTF-8", *HOLYTUI, "run", str(job), "--base-url", provider.url])


def begin(screen: Terminal) -> None:
    screen.wait_for("enter run all")
    screen.press(ENTER)
    screen.wait_for("● running", f"{IN_FLIGHT} in flight")


def owner_of(folder: Path) -> int:
    pid = status(folder, "letters")["owner"]["pid"]
    assert isinstance(pid, int)
    return pid


def alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet waited for does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return False


def client_killed(screen: Terminal, server: Server, pid: int) -> None:
    screen.kill()


def server_killed(screen: Terminal, server: Server, pid: int) -> None:
    server.cut(pid)


@pytest.mark.parametrize("cut", [client_killed, server_killed], ids=["the client is killed", "the server is killed"])
def test_a_link_that_breaks_ends_the_run_safely_and_a_new_session_goes_on(
    tmp_path: Path, server: Server, provider: Simulator, job: Path, cut: Callable[[Terminal, Server, int], None]
) -> None:
    with server.session(tmp_path, run(job, provider)) as screen:
        screen.wait_until(lambda: NOTICE in screen.output, "the notice about the link")
        begin(screen)
        wait_until(lambda: provider.count() >= 2 * IN_FLIGHT, "the first answers")
        pid = owner_of(tmp_path)
        cut(screen, server, pid)
        wait_until(lambda: not alive(pid), "holytui ends", ENDS_S)
    told = status(tmp_path, "letters")
    assert (told["state"], told["reason"], told["owner"]) == ("interrupted", "hangup", None)
    assert 0 < told["succeeded"] < ITEMS
    assert told["pending"] == ITEMS - told["succeeded"]
    with server.session(tmp_path, run(job, provider)) as screen:
        screen.wait_for(f"Resume {told['pending']} items", "the connection was lost")
        screen.press(ENTER)
        screen.wait_for("✓ completed", f"{ITEMS} done")
        screen.press("q")
        assert screen.wait_for_end() == 0
    assert [row["status"] for row in exported(tmp_path, "letters")] == ["succeeded"] * ITEMS
    answered = provider.answered()
    assert len(answered) == ITEMS
    assert sum(times - 1 for times in answered.values()) <= IN_FLIGHT, "only what was in flight is asked again"


@pytest.fixture
def tmux() -> Iterator[list[str]]:
    """A tmux server of its own; its socket's path must be short."""
    if shutil.which("tmux") is None:
        pytest.skip("no tmux on this machine")
    folder = tempfile.mkdtemp(prefix="ht", dir="/tmp")
    line = ["env", "LANG=C.UTF-8", "tmux", "-S", f"{folder}/s", "-f", os.devnull]
    yield line
    subprocess.run([*line, "kill-server"], check=False, capture_output=True)
    shutil.rmtree(folder)


def test_inside_tmux_a_broken_link_is_nothing(
    tmp_path: Path, server: Server, provider: Simulator, job: Path, tmux: list[str]
) -> None:
    with server.session(tmp_path, shlex.join([*tmux, "new-session", "-s", "night", run(job, provider)])) as screen:
        begin(screen)
        assert NOTICE not in screen.output
        assert NOTICE not in screen.text
        pid = owner_of(tmp_path)
        before = status(tmp_path, "letters")["succeeded"]
        screen.kill()
    wait_until(lambda: status(tmp_path, "letters")["succeeded"] > before, "it goes on without us")
    with server.session(tmp_path, shlex.join([*tmux, "attach"])) as screen:
        screen.wait_for("letters", f"of {ITEMS}")
        assert alive(pid)
        assert screen.lines[0].startswith(" letters")
        screen.wait_for("✓ completed", f"{ITEMS} done")
        screen.press("q")
        screen.wait_for_end()
    wait_until(lambda: not alive(pid), "it ends as it was told", ENDS_S)
    assert set(provider.answered().values()) == {1}
