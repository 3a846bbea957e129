"""What the terminal UI costs beside a run, and how long a key waits for it; by hand, on a real pty of 80x24.

    python -m tests.benchmarks.cockpit_load cpu     CPU of the UI minus that of a headless run, at 230 answers/s
    python -m tests.benchmarks.cockpit_load keys    from a key until its bytes arrive, at 230/s and at full speed

The provider is the simulator in a process of its own, as a provider is; with `embedded` behind either word it runs
inside the measured process and shares its interpreter. Figures go to docs/benchmarks.md, with the command and the
machine.
"""

import os
import random
import re
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.processes import HOLYTUI, environment, simulator, status, write_job
from tests.pty.terminals import Terminal, terminal

IN_FLIGHT, LATENCY_S = 256, 1.1
"""Some 230 answers a second."""

ITEMS = 200_000
WARM_S, WINDOW_S = 8.0, 20.0
KEYS = 500
CURSOR_MOVED = re.compile(rb"\x1b\[(?:9|10);1H")
"""The first or the second line of the item table was painted from its first cell: there stands the cursor."""


@contextmanager
def provider(latency_s: float, *, embedded: bool) -> Iterator[str]:
    """The base URL of a simulator with this latency."""
    if embedded:
        yield f"simulator:?latency={latency_s}"
        return
    with tempfile.TemporaryDirectory() as name, simulator(Path(name), "--latency", str(latency_s)) as one:
        yield one.url


def job(folder: Path, url: str, in_flight: int) -> Path:
    lines = ['name = "simulator"', f'base_url = "{url}"']
    return write_job(folder, name="load", source=f"count = {ITEMS}", provider=lines, run=[f"concurrency = {in_flight}"])


@contextmanager
def on_screen(folder: Path, path: Path) -> Iterator[Terminal]:
    with terminal(folder, ["run", path]) as screen:
        screen.wait_for("enter run all")
        screen.press("\r")
        screen.wait_for("● running", "streaming")
        yield screen


def cpu_s(pid: int) -> float:
    """CPU seconds of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def answered(folder: Path) -> int:
    done: int = status(folder, "load")["succeeded"]
    return done


def share(folder: Path, pid: int, screen: Terminal | None) -> tuple[float, float]:
    """Of a core, over the window; and answers a second meanwhile."""

    def wait(seconds: float) -> None:
        if screen is None:
            time.sleep(seconds)
        else:
            drain(screen, seconds)

    wait(WARM_S)
    done, used, began = answered(folder), cpu_s(pid), time.monotonic()
    wait(WINDOW_S)
    took, used = time.monotonic() - began, cpu_s(pid) - used
    return used / took, (answered(folder) - done) / took


def drain(screen: Terminal, seconds: float) -> None:
    """Take what it paints, without looking at it: a terminal in C costs nothing."""
    descriptor, until = screen._child.child_fd, time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if select.select([descriptor], [], [], left)[0]:
            os.read(descriptor, 65_536)


def cpu(*, embedded: bool) -> None:
    shares = {}
    with provider(LATENCY_S, embedded=embedded) as url:
        with tempfile.TemporaryDirectory() as name:
            path = job(Path(name), url, IN_FLIGHT)
            process = subprocess.Popen(
                [*HOLYTUI, "run", str(path), "--headless"],
                cwd=name,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                time.sleep(WARM_S / 2)
                shares["headless"] = share(Path(name), process.pid, None)
            finally:
                process.kill()
                process.wait()
        for key, panel in {"1": "live", "3": "items", "4": "map"}.items():
            with (
                tempfile.TemporaryDirectory() as name,
                on_screen(Path(name), job(Path(name), url, IN_FLIGHT)) as screen,
            ):
                screen.press(key)
                shares[panel] = share(Path(name), screen._child.pid, screen)
    base = shares.pop("headless")
    print(f"headless: {base[0]:.1%} of a core at {base[1]:.0f} answers/s")
    for panel, (used, rate) in shares.items():
        print(f"{panel} panel: {used:.1%} at {rate:.0f} answers/s: the UI takes {used - base[0]:.1%} of a core")


def keys(*, embedded: bool) -> None:
    for latency_s, in_flight, words in ((LATENCY_S, IN_FLIGHT, "230 answers/s"), (0.0, 64, "full speed")):
        with (
            provider(latency_s, embedded=embedded) as url,
            tempfile.TemporaryDirectory() as name,
            terminal(Path(name), ["run", job(Path(name), url, in_flight)]) as screen,
        ):
            screen.wait_for("enter run all")
            screen.press("\r")
            screen.wait_for("● running")
            screen.press("3")
            screen.wait_for("[3 items]", "doc_0.pdf", "> ")
            drain(screen, WARM_S)
            done, began = answered(Path(name)), time.monotonic()
            waits = sorted(_wait(screen, "jk"[number % 2]) * 1000 for number in range(KEYS))
            rate = (answered(Path(name)) - done) / (time.monotonic() - began)
        median, late = statistics.median(waits), waits[int(KEYS * 0.99)]
        print(f"{words}: {rate:.0f} answers/s, {KEYS} keys: median {median:.1f} ms, p99 {late:.1f} ms, ", end="")
        print(f"longest {waits[-1]:.1f} ms")


def _wait(screen: Terminal, key: str) -> float:
    """Seconds from a key until the cursor is painted where it went."""
    drain(screen, random.uniform(0.03, 0.15))
    descriptor = screen._child.child_fd
    heard, began = b"", time.monotonic()
    os.write(descriptor, key.encode())
    while CURSOR_MOVED.search(heard) is None:
        assert time.monotonic() - began < 10, f"nothing came of {key}: {heard!r}"
        if select.select([descriptor], [], [], 1.0)[0]:
            heard += os.read(descriptor, 65_536)
    return time.monotonic() - began


if __name__ == "__main__":
    {"cpu": cpu, "keys": keys}[sys.argv[1]](embedded="embedded" in sys.argv[2:])
