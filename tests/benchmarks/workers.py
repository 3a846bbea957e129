"""Runs on workers; by hand, with a redis-server at hand.

    python -m tests.benchmarks.workers storm     2,000 items, 3 workers: one killed, one told to end, Redis killed once
    python -m tests.benchmarks.workers speed     2 workers with 128 in flight each, against 256 in one process

Figures go to docs/benchmarks.md, with the command and the machine.
"""

import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.distributed.cluster import Cluster, cluster
from tests.processes import holytui, kill, wait_until

ITEMS = 2_000


def storm() -> None:
    with tempfile.TemporaryDirectory() as name:
        options = ("--latency", "1.0:0.3")
        with cluster(Path(name), *options, source=f"count = {ITEMS}", run=["concurrency = 96"]) as built:
            began = time.monotonic()
            doomed, leaving, _ = (built.worker("--concurrency", "32") for _ in range(3))
            owner = built.run()
            wait_until(lambda: built.provider.count() > 300, "300 answers", 120)
            in_flight = _in_flight(built)
            kill(doomed)
            print(f"{built.provider.count():5} answered: one worker killed; in flight there at most {in_flight}")
            wait_until(lambda: built.provider.count() > 700, "700 answers", 120)
            leaving.send_signal(signal.SIGTERM)
            print(f"{built.provider.count():5} answered: one worker told to end")
            wait_until(lambda: built.provider.count() > 1000, "1000 answers", 120)
            built.redis.kill()
            print(f"{built.provider.count():5} answered: Redis killed")
            time.sleep(10)
            built.redis.start()
            print(f"{built.provider.count():5} answered: Redis started")
            code = owner.wait(600)
            took = time.monotonic() - began
            final, rows = built.status(), built.rows()
            ids = {row["id"] for row in rows if row["status"] == "succeeded"}
            print(f"exit {code}: {final['succeeded']} succeeded, {len(ids)} different, {final['failed']} failed,")
            print(f"{final['requests']} requests recorded, {built.answered_twice()} answered twice, {took:.0f} s")


def _in_flight(built: Cluster) -> int:
    return max(int(worker["in_flight"]) for worker in built.status()["workers"])


def speed() -> None:
    items, ceiling = 6_000, 256
    took: dict[str, list[float]] = {"local": [], "celery": []}
    for _ in range(2):
        for executor, rates in took.items():
            with tempfile.TemporaryDirectory() as name:
                source, run = f"count = {items}", [f"concurrency = {ceiling}"]
                with cluster(Path(name), "--latency", "1.0", source=source, run=run) as built:
                    if executor == "celery":
                        built.worker("--concurrency", "128")
                        built.worker("--concurrency", "128")
                        done = built.run_to_its_end(timeout=300)
                    else:
                        flags = ["--headless", "--base-url", built.provider.url]
                        done = holytui("run", built.job, *flags, cwd=built.folder, timeout=300)
                    assert done.returncode == 0, done.stderr
                    entries = built.provider.entries()
                    span = max(entry["t_end"] for entry in entries) - min(entry["t_start"] for entry in entries)
                    rates.append(items / span)
                    print(f"{executor:7} {items / span:6.1f} items/s from first request to last answer, {span:.1f} s")
    local, celery = (max(took[name]) for name in ("local", "celery"))
    print(f"celery / local = {celery / local:.3f}")


if __name__ == "__main__":
    {"storm": storm, "speed": speed}[sys.argv[1]]()
