"""A limit on wrong tokens: an address that guesses has to wait, one that knows the token has not."""

import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Callable

MOST = 10
"""Wrong tokens from an address within the window."""

WINDOW_S = 60.0
ADDRESSES = 10_000
"""That are remembered at most; the longest unheard are forgotten first."""

V6_NETWORK = 64
"""Bits that one subscriber shares: whoever has one such address has them all."""


class WrongTokens:
    """Counts by client address, in memory.

    An address that has shown the right token stays in whatever comes from it later: a forgotten script with an old
    token must not lock out the one beside it. On one that never has, a right guess is as good as a wrong one.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()
        self._known: OrderedDict[str, None] = OrderedDict()

    def must_wait(self, address: str) -> float:
        """Seconds until a token from this address is looked at again; 0.0: now."""
        network = _network(address)
        times = self._wrong.get(network)
        if times is None or len(times) < MOST or network in self._known:
            return 0.0
        return max(0.0, times[0] + WINDOW_S - self._clock())

    def wrong(self, address: str) -> None:
        """A wrong token came from there."""
        network = _network(address)
        self._wrong.setdefault(network, deque(maxlen=MOST)).append(self._clock())
        self._wrong.move_to_end(network)
        if len(self._wrong) > ADDRESSES:
            self._wrong.popitem(last=False)

    def right(self, address: str) -> None:
        """The right token came from there."""
        network = _network(address)
        self._known[network] = None
        self._known.move_to_end(network)
        if len(self._known) > ADDRESSES:
            self._known.popitem(last=False)


def _network(address: str) -> str:
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network(f"{address.partition('%')[0]}/{V6_NETWORK}", strict=False))
    except ValueError:
        return address
