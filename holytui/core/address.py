"""What an address of a provider looks like; light, and the same wherever one is given."""

import re
from urllib.parse import urlsplit

EXPECTED_ADDRESS = "expected an address such as https://api.example.com/v1"
_SHAPE = re.compile(r"https?://[^/?#\s]+\S*", re.IGNORECASE)
_HOST = re.compile(r"(?:[^@]*@)?(?:\[[^\[\]]+\]|[^\[\]:]+)(?::\d*)?")


def is_address(url: str) -> bool:
    """Whether this is the address of a web server: a scheme, a host, and a port that is one, if any.

    What else it may hold, such as a password, is judged by others.
    """
    if not _SHAPE.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018  # raises for a port that is none
    except ValueError:
        return False
    return bool(parts.hostname) and _HOST.fullmatch(parts.netloc) is not None
