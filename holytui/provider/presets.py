"""Known providers by name, and which key may go where. Light: the command line imports it."""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A provider, ready to be asked. The key is in no repr."""

    name: str
    base_url: str
    api_key: str = field(repr=False)
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Preset:
    """What a name stands for.

    Attributes:
        base_url: None where it has none of its own (the embedded simulator).
        api_key_env: the variable that holds the key, None where none is needed.
        hosts: the only hosts, beside loopback, that this variable's key goes to without being asked.
    """

    name: str
    base_url: str | None
    api_key_env: str | None
    hosts: tuple[str, ...]
    simulated: bool = False


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset("holysheep", "https://api.holysheep.ai/v1", "HOLYSHEEP_API_KEY", ("api.holysheep.ai",)),
        Preset("openai", "https://api.openai.com/v1", "OPENAI_API_KEY", ("api.openai.com",)),
        Preset("deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY", ("api.deepseek.com",)),
        Preset("ollama", "http://127.0.0.1:11434/v1", None, ()),
        Preset("simulator", None, None, (), simulated=True),
    )
}


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine: `localhost` or a loopback address, and no other name.

    Names under `.localhost` do not count: what they resolve to is up to whoever answers the look-up.
    """
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def key_may_go(preset_name: str, base_url: str, api_key_env: str) -> bool:
    """Whether a key goes to a host without being asked: the preset's own variable to its own hosts, or loopback.

    The scheme and the port count too: a host over plain http is not the preset's.
    """
    if is_loopback(base_url):
        return True
    preset = PRESETS.get(preset_name)
    if preset is None or preset.api_key_env != api_key_env:
        return False
    try:
        parts = urlsplit(base_url)
        return parts.scheme == "https" and parts.port in {None, 443} and parts.hostname in preset.hosts
    except ValueError:
        return False


def check_url(base_url: str, has_key: bool) -> str | None:  # noqa: FBT001  # a fact about the URL's use, not a switch
    """Why a base URL cannot be used, as a sentence; None when it can."""
    try:
        parts = urlsplit(base_url)
        parts.port  # noqa: B018  # raises for a port that is none
    except ValueError as error:
        return f"base_url is not a URL: {error}"
    if "@" in base_url:
        return "base_url holds a user name or password; a key belongs in the variable that api_key_env names"
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return f"base_url has to begin with https:// (or http:// on this machine): {base_url}"
    if not base_url.isprintable() or " " in base_url:
        return f"base_url holds a blank or an invisible character: {base_url!r}"
    if parts.query or parts.fragment:
        return f"base_url has to end with a path, nothing behind ? or #: {parts.scheme}://{parts.netloc}{parts.path}"
    if parts.scheme == "http" and has_key and not is_loopback(base_url):
        return f"the key would travel unencrypted to {parts.hostname}: use https"
    return None
