"""How much clients over HTTP slow a run down: `python -m tests.benchmarks.api_load [--pairs N] [--latency S]`.

A run at the simulator, which is a process of its own, with nobody looking and with 50 clients that ask for its
progress once a second and 10 that listen to its events; in turns, so that what else the machine does hits both alike.
`--full-speed`: the 50 ask again as soon as they are answered. `--with-items`: the 10 are told each item, too.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import aiohttp

from tests.api.servers import Server, serving
from tests.processes import simulator

POLLERS, LISTENERS = 50, 10
EVERY_S = 1.0


def task(items: int, concurrency: int, url: str) -> dict[str, Any]:
    return {
        "items": [f"document {number}" for number in range(items)],
        "prompt_template": "Sum up {item}",
        "model": "deepseek-v3.2",
        "max_tokens": 50,
        "provider": {"name": "simulator", "base_url": url},
        "run": {"concurrency": concurrency},
    }


async def poll(session: aiohttp.ClientSession, url: str, every_s: float, late_s: float, counted: list[float]) -> None:
    await asyncio.sleep(late_s)
    while True:
        began = time.monotonic()
        async with session.get(url) as response:
            assert response.status == 200
            await response.read()
        counted.append(time.monotonic() - began)
        await asyncio.sleep(max(0.0, every_s - (time.monotonic() - began)))


async def listen(session: aiohttp.ClientSession, url: str, heard: list[int]) -> None:
    async with session.get(url, timeout=aiohttp.ClientTimeout(total=None)) as response:
        async for line in response.content:
            heard[0] += line.startswith(b"event:")


async def clients(server: Server, name: str, every_s: float, query: str) -> tuple[list[float], int]:
    """Look until the task is done; how long each answer took, and how many events came."""
    took, heard = list[float](), [0]
    address = f"{server.address}/api/tasks/{name}"
    headers = {"Authorization": f"Bearer {server.token}"}
    async with aiohttp.ClientSession(headers=headers, connector=aiohttp.TCPConnector(limit=0)) as session:
        pollers = [
            asyncio.create_task(poll(session, f"{address}/progress", every_s, n * every_s / POLLERS, took))
            for n in range(POLLERS)
        ]
        await asyncio.gather(*(listen(session, f"{address}/events{query}", heard) for _ in range(LISTENERS)))
        for poller in pollers:
            poller.cancel()
        await asyncio.gather(*pollers, return_exceptions=True)
    return took, heard[0]


def run(
    server: Server, name: str, body: dict[str, Any], every_s: float | None, query: str = ""
) -> tuple[float, list[float], int]:
    """Seconds that the run took by its own clock, and what the clients saw."""
    server.post("/api/tasks/start", {**body, "id": name})
    took, heard = ([], 0) if every_s is None else asyncio.run(clients(server, name, every_s, query))
    while (seen := server.progress(name))["owner"] is not None:
        time.sleep(0.5)
    assert seen["succeeded"] == seen["total"] == len(body["items"]), seen
    return seen["elapsed_s"], took, heard


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--latency", default="1")
    parser.add_argument("--full-speed", action="store_true")
    parser.add_argument("--with-items", action="store_true")
    wanted = parser.parse_args()
    query = "?items=true" if wanted.with_items else ""
    every_s = 0.0 if wanted.full_speed else EVERY_S
    alone, watched, took, heard = list[float](), list[float](), list[float](), 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with simulator(folder, "--latency", wanted.latency) as provider, serving(folder) as server:
            body = task(wanted.items, wanted.concurrency, provider.url)
            run(server, "warm-up", {**body, "items": body["items"][:100]}, None)
            for pair in range(wanted.pairs):
                order = [False, True] if pair % 2 == 0 else [True, False]
                for looked_at in order:
                    name = f"pair-{pair}-{'watched' if looked_at else 'alone'}"
                    seconds, answers, events = run(server, name, body, every_s if looked_at else None, query)
                    (watched if looked_at else alone).append(seconds)
                    took += answers
                    heard += events
                print(f"pair {pair}: alone {alone[-1]:.2f} s, watched {watched[-1]:.2f} s", flush=True)
    slower = [after / before - 1 for before, after in zip(alone, watched, strict=True)]
    print(f"slow-down: median {statistics.median(slower):.1%}, of {', '.join(f'{part:.1%}' for part in slower)}")
    print(f"by medians: {statistics.median(watched) / statistics.median(alone) - 1:.1%}")
    took.sort()
    rate = len(took) / sum(watched)
    print(
        f"{len(took):,} answers, {rate:.0f} a second; half within {took[len(took) // 2] * 1000:.1f} ms, 99 % within "
        f"{took[int(len(took) * 0.99)] * 1000:.0f} ms; {heard:,} events"
    )


if __name__ == "__main__":
    main()
