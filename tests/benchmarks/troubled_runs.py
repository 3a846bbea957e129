"""Whole headless runs against a provider with troubles; run by hand.

    python -m tests.benchmarks.troubled_runs closed     429 to everyone for the first 5 s, Retry-After 5
    python -m tests.benchmarks.troubled_runs narrow     8 at a time are served, above that 429; from a ceiling of 64
    python -m tests.benchmarks.troubled_runs outage     nobody answers for 20 s in a run of 5,000 items
    python -m tests.benchmarks.troubled_runs patience   30 % of requests fail, twelve attempts each
    python -m tests.benchmarks.troubled_runs budget     1.00 USD, answers of random length, one kill -9 in between

Figures go to docs/benchmarks.md, with the command and the machine.
"""

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.troubled import DOWN, OK, RESET, Does, Troubled, troubled
from tests.processes import holytui, kill, start, status, wait_until, write_job

CEILING = 64


def closed() -> None:
    items, latency = 1280, 1.0

    def mood(provider: Troubled, prompt: str) -> Does:
        return Does(status=429, headers={"retry-after": "5"}) if provider.at < 5.0 else OK

    with tempfile.TemporaryDirectory() as name, troubled(mood, latency) as provider:
        job = write_job(Path(name), source=f"count = {items}", run=[f"concurrency = {CEILING}"])
        code = holytui("run", job, "--headless", "--base-url", provider.url, cwd=Path(name), timeout=300).returncode
        after = status(Path(name), "job")
        refused = sum(one.status == 429 for one in provider.seen)
        first = provider.seen[0].at
        early = len(provider.between(first + 0.5, first + 5.0))
        last = max(one.at for one in provider.seen) + latency
    ideal = items / CEILING * latency
    print(f"{items} items, {CEILING} in flight: {refused} refused, {early} sent while closed, exit {code}, attempts")
    print(f"{after['attempts']}; {last:.1f} s from first request to last answer, bound {5 + 1.5 * ideal:.1f} s")


def narrow() -> None:
    for headers in ({}, {"retry-after": "1"}):
        told: dict[str, str] = dict(headers)

        def mood(provider: Troubled, prompt: str, told: dict[str, str] = told) -> Does:
            return OK if provider.in_flight <= 8 else Does(status=429, headers=told)

        with tempfile.TemporaryDirectory() as name, troubled(mood, 1.0) as provider:
            job = write_job(Path(name), source="count = 5000", run=[f"concurrency = {CEILING}"])
            running = start("run", job, "--headless", "--base-url", provider.url, cwd=Path(name))
            wait_until(lambda: provider.at > 121, "two minutes", 200)
            running.terminate()
            running.wait(30)
            seen = provider.between(30, 120)
        answered = sum(one.status == 200 for one in seen)
        share = 1 - answered / len(seen)
        print(f"8 allowed, 429 says {told or 'nothing'}: second 30 to 120 {answered / 90:.2f} requests/s answered, ")
        print(f"{answered / 90 / 8:.2f} of 8 at a time; {share:.1%} refused")


def outage() -> None:
    def mood(provider: Troubled, prompt: str) -> Does:
        return DOWN if 3.0 <= provider.at < 23.0 else OK

    with tempfile.TemporaryDirectory() as name, troubled(mood, 0.1) as provider:
        job = write_job(Path(name), source="count = 5000", run=[f"concurrency = {CEILING}"])
        code = holytui("run", job, "--headless", "--base-url", provider.url, cwd=Path(name), timeout=300).returncode
        after = status(Path(name), "job")
        into_it = [one.at for one in provider.seen if one.status != 200]
    probes = [at for at in into_it if at > 5.0]
    print(f"20 s outage, 5,000 items, {CEILING} in flight: {after['failed']} failed, exit {code},")
    print(f"{len(into_it) - len(probes)} requests into it (bound {20 + CEILING}) and {len(probes)} probes at")
    print(", ".join(f"{at - 3.0:.1f} s" for at in probes))


def patience() -> None:
    dice = random.Random(5)

    def mood(provider: Troubled, prompt: str) -> Does:
        return dice.choice((DOWN, RESET, Does(cut=True))) if dice.random() < 0.3 else OK

    with tempfile.TemporaryDirectory() as name, troubled(mood, 0.05) as provider:
        job = write_job(Path(name), source="count = 3000", run=[f"concurrency = {CEILING}", "max_attempts = 12"])
        code = holytui("run", job, "--headless", "--base-url", provider.url, cwd=Path(name), timeout=300).returncode
        after = status(Path(name), "job")
        twice = sum(count > 1 for count in provider.answered.values())
    print(f"30 % of requests 503, reset or cut: {after['succeeded']} of 3,000 succeeded, exit {code}, {twice} prompts")
    print(f"answered twice, {after['requests']} requests, wasted ${after['wasted_usd']:.4f} ({after['cost']['kind']})")


def budget() -> None:
    prices = ['name = "simulator"', '[provider.prices."deepseek-v3.2"]', "input = 0.0", "output = 20.0"]
    dice = random.Random(3)
    with (
        tempfile.TemporaryDirectory() as name,
        troubled(lambda provider, prompt: Does(words=dice.randint(1, 60)), 0.1) as provider,
    ):
        run = [f"concurrency = {CEILING}", "budget_usd = 1.0"]
        job = write_job(Path(name), source="count = 10000", run=run, provider=prices, step=["max_tokens = 60"])
        running = start("run", job, "--headless", "--base-url", provider.url, cwd=Path(name))
        wait_until(lambda: provider.words > 20_000, "0.40 USD are spent")
        kill(running)
        code = holytui("run", job, "--headless", "--base-url", provider.url, cwd=Path(name), timeout=300).returncode
        after = status(Path(name), "job")
        charged = provider.words * 20.0 / 1e6
    print(f"budget 1.00 USD, killed once: ${after['cost']['usd']:.4f} counted as spent, ${charged:.4f} charged by the")
    print(f"provider for what it answered to the end, exit {code}")


if __name__ == "__main__":
    runs: dict[str, Callable[[], None]] = {
        "closed": closed,
        "narrow": narrow,
        "outage": outage,
        "patience": patience,
        "budget": budget,
    }
    began = time.monotonic()
    runs[sys.argv[1]]()
    print(f"({time.monotonic() - began:.0f} s)")
