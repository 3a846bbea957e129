"""The connection to Redis: what is away, and what only looks like it."""

import asyncio
from pathlib import Path

import pytest

from holytui.distributed.link import Link, LinkDown
from tests.redis_server import RedisServer, redis_server

AT_ONCE = 3


def test_connections_from_before_a_restart_are_no_redis_that_is_away(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        asyncio.run(_asked_across_a_restart(server))


async def _asked_across_a_restart(server: RedisServer) -> None:
    link = Link(server.url)
    await asyncio.gather(*(link.ask(lambda redis: redis.incr("asked")) for _ in range(AT_ONCE)))
    server.kill()
    server.start()
    known = int(server.client().get("asked") or 0)  # a Redis that is killed may lose the last it was told
    for _ in range(AT_ONCE):
        await link.ask(lambda redis: redis.incr("asked"))
    assert link.down_since is None
    assert await link.ask(lambda redis: redis.get("asked")) == str(known + AT_ONCE).encode()
    server.kill()
    with pytest.raises(LinkDown):
        await link.ask(lambda redis: redis.get("asked"))
    assert link.down_since is not None
    await link.aclose()
