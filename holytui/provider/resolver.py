"""Name look-ups that never hold the exit: aiohttp's own run in asyncio's default executor."""

import socket
from functools import partial

from aiohttp.abc import AbstractResolver, ResolveResult

from holytui.offload import offload


class Resolver(AbstractResolver):
    """`getaddrinfo` in a daemon thread; one that hangs is left behind."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Addresses of a host.

        Raises:
            OSError: it is not known.
        """
        look_up = partial(
            socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG
        )
        try:
            found = await offload(look_up, "holytui-resolver")
        except UnicodeError as error:  # a part of the name is empty or too long
            raise socket.gaierror(socket.EAI_NONAME, "not a host name") from error
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        """Nothing is held."""
