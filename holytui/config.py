"""The user's own settings: flags > HOLYTUI_* > config.toml > defaults. Flags are the command line's part."""

import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import tomli_w
from platformdirs import user_config_path, user_state_path

from holytui.core.bounds import MOST_USD
from holytui.core.pricing import Price

CHECKPOINTS = Path("checkpoints")
USER_PRICE = "your price"
_KEYS = ("checkpoints", "theme", "ascii", "bell", "mouse", "on_hangup", "redis", "keymap", "trust", "prices")
_ON_HANGUP = ("stop",)
_TRUST_HEADER = re.compile(r"^[ \t]*\[[ \t]*trust[ \t]*\][ \t]*(#.*)?$", re.MULTILINE)


class ConfigError(Exception):
    """The settings cannot be used; the message says which, where, and what was expected."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user has set.

    Attributes:
        checkpoints: the checkpoint folder, relative to where holytui is started.
        theme: name of a theme, or None for the default.
        keymap: keys by action id; they replace the action's own.
        trusted: (host, variable) pairs: the key in that variable may go to that host.
        prices: by model; they win over every table but not over the job file.
        on_hangup: what becomes of a run when the terminal goes away: `stop`.
        ascii: only ASCII on the screen.
        bell: ring the terminal's bell when a run stops by itself or ends.
        mouse: clicks and wheel are holytui's; else the terminal's own, for selecting text.
        redis: the address of the Redis that reaches workers; it may hold a password.
        notes: sentences about what was read but means nothing, for stderr.
    """

    checkpoints: Path = CHECKPOINTS
    theme: str | None = None
    keymap: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    trusted: frozenset[tuple[str, str]] = frozenset()
    prices: Mapping[str, Price] = field(default_factory=dict)
    on_hangup: str = "stop"
    ascii: bool = False
    bell: bool = False
    mouse: bool = True
    redis: str | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()


def config_dir(env: Mapping[str, str] | None = None) -> Path:
    """Where config.toml and the user's themes lie; HOLYTUI_CONFIG_DIR names another place."""
    named = (os.environ if env is None else env).get("HOLYTUI_CONFIG_DIR")
    return Path(named).expanduser() if named else user_config_path("holytui", appauthor=False)


def state_dir(env: Mapping[str, str]) -> Path:
    """Where holytui keeps what it remembers by itself; with HOLYTUI_CONFIG_DIR it is there too."""
    named = env.get("HOLYTUI_CONFIG_DIR")
    return Path(named).expanduser() if named else user_state_path("holytui", appauthor=False)


def load_settings(env: Mapping[str, str]) -> Settings:
    """Read config.toml, which need not exist, and what the environment says instead of it.

    That is HOLYTUI_CHECKPOINTS, HOLYTUI_THEME, HOLYTUI_ON_HANGUP, HOLYTUI_ASCII and HOLYTUI_REDIS.

    Raises:
        ConfigError: the file cannot be read or holds something of the wrong kind.
    """
    path = config_dir(env) / "config.toml"
    data = _read(path)
    check = _Check(path)
    checkpoints = env.get("HOLYTUI_CHECKPOINTS") or check.text(data, "checkpoints")
    return Settings(
        checkpoints=Path(checkpoints).expanduser() if checkpoints else CHECKPOINTS,
        theme=env.get("HOLYTUI_THEME") or check.text(data, "theme"),
        keymap={action: check.texts(keys, f"keymap.{action}") for action, keys in check.table(data, "keymap")},
        trusted=frozenset(
            (host, variable)
            for host, variables in check.table(data, "trust")
            for variable in check.texts(variables, f'trust."{host}"')
        ),
        prices={model: check.price(entry, f'prices."{model}"') for model, entry in check.table(data, "prices")},
        on_hangup=check.on_hangup(env.get("HOLYTUI_ON_HANGUP") or check.text(data, "on_hangup")),
        ascii=bool(env.get("HOLYTUI_ASCII")) or check.flag(data, "ascii"),
        bell=check.flag(data, "bell"),
        mouse=check.flag(data, "mouse", default=True),
        redis=env.get("HOLYTUI_REDIS") or check.text(data, "redis"),
        notes=tuple(_unknown(path, key) for key in data if key not in _KEYS),
    )


def remember_trust(host: str, variable: str, env: Mapping[str, str]) -> Path:
    """Add a pair to [trust] in config.toml, so that nobody is asked again; the rest stays as it is.

    Returns:
        The file.

    Raises:
        ConfigError: it cannot be read or written.
    """
    path = config_dir(env) / "config.toml"
    trust = _read(path).get("trust", {})
    trusted = _Check(path).texts(trust[host], f'trust."{host}"') if host in trust else ()
    if variable in trusted:
        return path
    if trusted:
        raise ConfigError(f'{path} already has trust."{host}": add "{variable}" to it.')
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        _write(path, _with_trust(path, text, tomli_w.dumps({host: variable}).strip()))
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}.") from error
    return path


def _with_trust(path: Path, text: str, line: str) -> str:
    header = _TRUST_HEADER.search(text)
    if header is not None:
        changed = f"{text[: header.end()]}\n{line}{text[header.end() :]}"
    else:
        gap = "" if not text else "\n" if text.endswith("\n") else "\n\n"
        changed = f"{text}{gap}[trust]\n{line}\n"
    try:
        tomllib.loads(changed)
    except tomllib.TOMLDecodeError:
        raise ConfigError(f"{path} cannot be changed: add {line} under [trust] by hand.") from None
    return changed


def _write(path: Path, text: str) -> None:
    """Replace a file in one step, so that nobody reads half of it."""
    path = path.resolve()  # the user may keep it elsewhere, behind a link
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".config-")
    with open(handle, "w", encoding="utf-8") as file:  # noqa: PTH123  # a descriptor, not a path
        file.write(text)
    Path(name).replace(path)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not TOML: {error}.") from None


def _unknown(path: Path, key: str) -> str:
    near = get_close_matches(key, _KEYS, n=1)
    hint = f'did you mean "{near[0]}"?' if near else f"known are {', '.join(_KEYS)}."
    return f'{path}: unknown key "{key}"; {hint}'


@dataclass(frozen=True, slots=True)
class _Check:
    """Takes values of the expected kind, or says what was expected where."""

    path: Path

    def text(self, data: Mapping[str, Any], key: str) -> str | None:
        value = data.get(key)
        if value is not None and not isinstance(value, str):
            raise self._wrong(key, "text in quotes")
        return value

    def flag(self, data: Mapping[str, Any], key: str, *, default: bool = False) -> bool:
        value = data.get(key, default)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def texts(self, value: Any, key: str) -> tuple[str, ...]:
        """A text, or a list of them."""
        many = [value] if isinstance(value, str) else value
        if not isinstance(many, list) or not all(isinstance(one, str) for one in many):
            raise self._wrong(key, 'text in quotes, or a list such as ["a", "b"]')
        return tuple(many)

    def table(self, data: Mapping[str, Any], key: str) -> list[tuple[str, Any]]:
        value = data.get(key, {})
        if not isinstance(value, dict):
            raise self._wrong(key, f"a table: [{key}]")
        return list(value.items())

    def price(self, entry: Any, key: str) -> Price:
        expected = "input and output, and perhaps cached_input, in USD per million tokens"
        if not isinstance(entry, dict) or not {"input", "output"} <= entry.keys() <= _PRICE_KEYS:
            raise self._wrong(key, expected)
        if not all(
            isinstance(n, int | float) and not isinstance(n, bool) and 0 <= n <= MOST_USD for n in entry.values()
        ):
            raise self._wrong(key, expected)
        fresh = float(entry["input"])
        return Price(fresh, float(entry.get("cached_input", fresh)), float(entry["output"]), USER_PRICE)

    def on_hangup(self, value: str | None) -> str:
        if value is not None and value not in _ON_HANGUP:
            raise self._wrong("on_hangup", " or ".join(f'"{known}"' for known in _ON_HANGUP))
        return value or _ON_HANGUP[0]

    def _wrong(self, key: str, expected: str) -> ConfigError:
        return ConfigError(f"{self.path}: {key}: expected {expected}.")


_PRICE_KEYS = {"input", "cached_input", "output"}
