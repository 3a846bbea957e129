"""Whole headless runs against the simulator in a process of its own; run by hand.

    python -m tests.benchmarks.whole_runs rate      256 in flight at 1 s latency, as a share of the ideal rate
    python -m tests.benchmarks.whole_runs memory    peak memory with 1,000 and with 100,000 items
    python -m tests.benchmarks.whole_runs speed     items a second without latency
    python -m tests.benchmarks.whole_runs start     a run of one item
    python -m tests.benchmarks.whole_runs money     requests and USD that a refused account and a budget let through

Figures go to docs/benchmarks.md, with the command and the machine.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.processes import HOLYTUI, Simulator, environment, holytui, simulator, status, write_job


def run(folder: Path, provider: Simulator, items: int, in_flight: int) -> tuple[float, float]:
    """One run: wall seconds, peak memory in MB."""
    job = write_job(folder, name=f"bench-{items}", source=f"count = {items}", run=[f"concurrency = {in_flight}"])
    began = time.monotonic()
    process = subprocess.Popen(
        [*HOLYTUI, "run", str(job), "--headless", "--base-url", provider.url],
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )
    _, code, usage = os.wait4(process.pid, 0)
    assert code == 0, f"the run ended with {code}"
    return time.monotonic() - began, usage.ru_maxrss / 1024


def rate() -> None:
    items, in_flight, latency = 7680, 256, 1.0
    with tempfile.TemporaryDirectory() as name, simulator(Path(name), "--latency", "1") as provider:
        wall, _ = run(Path(name), provider, items, in_flight)
        entries = provider.entries()
    span = max(entry["t_end"] for entry in entries) - min(entry["t_start"] for entry in entries)
    ideal = items / in_flight * latency
    print(f"{items} items, {in_flight} in flight, {latency} s latency: {span:.2f} s from first request to last")
    print(f"answer, ideal {ideal:.0f} s, ratio {ideal / span:.3f}; whole process {wall:.2f} s, {ideal / wall:.3f}")


def memory() -> None:
    for items in (1_000, 100_000):
        with tempfile.TemporaryDirectory() as name, simulator(Path(name), "--latency", "0") as provider:
            wall, peak = run(Path(name), provider, items, 64)
        print(f"{items:>7,} items: peak {peak:.0f} MB, {wall:.1f} s, {items / wall:,.0f} items/s")


def speed() -> None:
    with tempfile.TemporaryDirectory() as name, simulator(Path(name), "--latency", "0") as provider:
        wall, peak = run(Path(name), provider, 10_000, 64)
    print(f"10,000 items without latency: {10_000 / wall:,.0f} items/s, peak {peak:.0f} MB")


def start() -> None:
    with tempfile.TemporaryDirectory() as name, simulator(Path(name), "--latency", "0") as provider:
        walls = sorted(run(Path(name), provider, 1, 1)[0] for _ in range(5))
    print(f"a run of one item: {walls[2]:.2f} s (median of 5)")


def money() -> None:
    for fault in ("auth", "quota", "model"):
        with tempfile.TemporaryDirectory() as name, simulator(Path(name), "--fault", f"{fault}=1") as provider:
            folder = Path(name)
            job = write_job(folder, source="count = 10000", run=["concurrency = 64"])
            code = holytui("run", job, "--headless", "--base-url", provider.url, cwd=folder).returncode
            after = status(folder, "job")
            print(f"{fault}: {provider.count()} requests, {after['failed']} failed, exit {code}")
    with tempfile.TemporaryDirectory() as name, simulator(Path(name), "--latency", "0.02") as provider:
        folder = Path(name)
        prices = ['name = "simulator"', '[provider.prices."deepseek-v3.2"]', "input = 10.0", "output = 20.0"]
        run_lines = ["concurrency = 64", "budget_usd = 1.0"]
        job = write_job(folder, source="count = 10000", run=run_lines, provider=prices, step=["max_tokens = 60"])
        code = holytui("run", job, "--headless", "--base-url", provider.url, cwd=folder).returncode
        print(f"budget 1.00 USD: {status(folder, 'job')['cost']['usd']:.4f} USD spent, exit {code}")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    {"rate": rate, "memory": memory, "speed": speed, "start": start, "money": money}[sys.argv[1]]()
