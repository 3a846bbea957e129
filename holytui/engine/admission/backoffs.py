"""Items that wait between attempts, outside the door."""

import asyncio


class Backoffs:
    """Waits that can all be ended at once."""

    def __init__(self) -> None:
        self._waits: set[asyncio.Future[None]] = set()

    def __len__(self) -> int:
        return len(self._waits)

    async def wait(self, seconds: float) -> bool:
        """Sleep; whether it was ended before its time."""
        ended = asyncio.get_running_loop().create_future()
        self._waits.add(ended)
        try:
            await asyncio.wait({ended}, timeout=seconds)
        finally:
            self._waits.discard(ended)
        return ended.done()

    def end(self) -> None:
        """Wake everyone."""
        for ended in self._waits:
            if not ended.done():
                ended.set_result(None)
