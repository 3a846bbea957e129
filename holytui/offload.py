"""Blocking calls off the event loop, in daemon threads that never hold the exit."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def offload(call: Callable[[], T], name: str = "holytui-offload") -> T:
    """Run a blocking call in a daemon thread of its own and wait for its result.

    asyncio's default executor is joined at exit, so a hung name look-up or file read would hold the
    process; a daemon thread is left behind instead. When the caller is cancelled the thread runs on
    unheard.

    Raises:
        Exception: whatever the call raises.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # None only where T allows it

    def work() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = call()
        except BaseException as raised:  # noqa: BLE001  # handed to the waiting coroutine
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name=name, daemon=True).start()
    return await future
