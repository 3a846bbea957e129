"""The address of Redis: checked, shown without its password, and as each library wants it."""

from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

VARIABLE = "HOLYTUI_REDIS"
"""Of the environment, that holds the address."""

DEFAULT_URL = "redis://127.0.0.1:6379/0"
_SCHEMES = ("redis", "rediss")


class RedisUrlError(Exception):
    """The address cannot be used; the message says what was expected, without any password."""


def checked(url: str) -> str:
    """The address, if it is one.

    Raises:
        RedisUrlError: it is none.
    """
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # raises for a port that is none
    except ValueError:
        raise RedisUrlError("the address of Redis is no URL; expected redis://HOST:PORT/NUMBER") from None
    database = parts.path.strip("/")
    if parts.scheme not in _SCHEMES or not parts.hostname or (database and not database.isdecimal()):
        raise RedisUrlError(
            f"{shown(url)} is no address of Redis; expected redis://HOST:PORT/NUMBER, or rediss:// for TLS, "
            f"with :PASSWORD@ before the host where it needs one"
        )
    return url


def shown(url: str) -> str:
    """The address for a person: without user, password and options."""
    try:
        parts = urlsplit(url)
        place = parts.hostname or ""
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return "the address of Redis"
    return f"{parts.scheme}://{place}{port}{parts.path}" if parts.scheme else "This"


def without_secrets(text: str, url: str) -> str:
    """An error text in which the address's user and password stand nowhere."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return text
    text = text.replace(url, shown(url))
    for secret in (parts.password, parts.netloc.rpartition("@")[0]):
        if secret:
            text = text.replace(secret, "***")
    return text


def for_celery(url: str) -> str:
    """As Celery's transport wants it: with TLS it refuses an address that does not say how to check certificates."""
    parts = urlsplit(url)
    if parts.scheme != "rediss" or "ssl_cert_reqs" in parse_qs(parts.query):
        return url
    query = "&".join(part for part in (parts.query, urlencode({"ssl_cert_reqs": "required"})) if part)
    return urlunsplit(parts._replace(query=query))
