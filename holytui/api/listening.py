"""Where a server listens: on this machine only, unless somebody says otherwise."""

import ipaddress
import socket

BACKLOG = 128


class ServeError(Exception):
    """The server cannot listen there; the message says why and the way out."""


def bound(host: str, port: int, *, allow_remote: bool) -> socket.socket:
    """A socket that listens there; port 0 is any free one.

    Raises:
        ServeError: it is not loopback and nobody allowed that, or it cannot be listened on.
    """
    if not (allow_remote or _is_loopback(host)):
        raise ServeError(
            f"--host {host}: everybody who reaches this machine could try the token, and it would travel unencrypted. "
            f"If you mean that: --allow-remote. Safer: ssh -L {port}:127.0.0.1:{port}, or a proxy with TLS."
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(BACKLOG)
        except BaseException:
            listening.close()
            raise
    except (OSError, OverflowError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServeError(f"{host}:{port} cannot be listened on: {reason}. Another port: --port N") from None
    return listening


def address_of(listening: socket.socket) -> str:
    """The address to open."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
