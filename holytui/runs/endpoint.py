"""Where a job's requests go and with which key: preset, overrides, trust."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from holytui.core.address import EXPECTED_ADDRESS, is_address
from holytui.core.display import safe
from holytui.core.job import Provider
from holytui.provider.presets import PRESETS, Endpoint, check_url, is_loopback, key_may_go
from holytui.provider.simulation import SimulatorError, options_from_url

SIMULATOR_SCHEME = "simulator:"


class EndpointError(Exception):
    """The job's provider cannot be used as it stands; the message says why and the way out."""


class KeyMissing(EndpointError):
    """The variable that should hold the key is not set.

    Attributes:
        variable: its name.
    """

    def __init__(self, variable: str) -> None:
        super().__init__(f"{variable} is not set. Set it with: export {variable}=…")
        self.variable = variable


class TrustNeeded(EndpointError):
    """A key would go to a host that is not its preset's own.

    Attributes:
        host, variable: the pair to confirm.
    """

    def __init__(self, host: str, variable: str) -> None:
        super().__init__(
            f"the key in {variable} would be sent to {host}, which is not a host known for it. "
            f"If you mean that, run with --trust, or list the pair under [trust] in config.toml."
        )
        self.host = host
        self.variable = variable


@dataclass(frozen=True, slots=True)
class Target:
    """A provider as the job file means it, before any key is read.

    Attributes:
        name: the preset's or the user's name for it.
        base_url: where requests go; for the embedded simulator its `simulator:` options.
        variable: the environment variable that holds the key, or None where none is sent.
        embedded: the simulator runs inside this process.
        simulated: answers come from the simulator, embedded or not.
    """

    name: str
    base_url: str
    variable: str | None
    embedded: bool
    simulated: bool

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""


def resolve_target(provider: Provider, base_url: str | None = None) -> Target:
    """Combine preset, job file and a `--base-url`.

    Raises:
        EndpointError: nobody knows where to send requests, the address is none, or the simulator is asked for what
            it cannot do.
    """
    preset = PRESETS.get(provider.name)
    url = base_url or provider.base_url or (preset.base_url if preset is not None else None)
    simulated = preset is not None and preset.simulated
    if simulated and (url is None or url.startswith(SIMULATOR_SCHEME)):
        try:
            options_from_url(url or SIMULATOR_SCHEME)
        except SimulatorError as error:
            raise EndpointError(str(error)) from error
        return Target(provider.name, url or SIMULATOR_SCHEME, None, embedded=True, simulated=True)
    if url is None:
        known = ", ".join(sorted(PRESETS))
        raise EndpointError(f'no base_url for provider "{provider.name}". Known without one: {known}.')
    if not url.startswith(SIMULATOR_SCHEME) and not is_address(url):
        raise EndpointError(f"base_url: {EXPECTED_ADDRESS}, got {safe(url)}")
    variable = provider.api_key_env or (preset.api_key_env if preset is not None else None)
    return Target(provider.name, url.rstrip("/"), variable, embedded=False, simulated=simulated)


def resolve_endpoint(
    target: Target,
    provider: Provider,
    *,
    env: Mapping[str, str],
    trusted: Iterable[tuple[str, str]] = (),
    confirm: Callable[[str, str], bool] = lambda host, variable: False,
    api_key: str | None = None,
    key_here: bool = True,
) -> Endpoint:
    """The endpoint with its key.

    Args:
        target: where requests go; not the embedded simulator.
        provider: of the job file.
        env: the environment the key is read from.
        trusted: (host, variable) pairs that the user has confirmed before.
        confirm: asked once about another pair.
        api_key: a key given for this session only; wins over the environment.
        key_here: requests are sent from this process; else a key is not needed, but where it may go is asked all the
            same, and the endpoint has none.

    Raises:
        KeyMissing, TrustNeeded, EndpointError: with the way out.
    """
    variable = target.variable
    key = api_key or (env.get(variable, "") if variable else "")
    loopback = is_loopback(target.base_url)
    if variable and not key and not loopback and key_here:
        raise KeyMissing(variable)
    sent = bool(key) or (not key_here and variable is not None)
    if sent and variable and not api_key and not key_may_go(provider.name, target.base_url, variable):
        pair = (target.host, variable)
        if pair not in set(trusted) and not confirm(*pair):
            raise TrustNeeded(*pair)
    problem = check_url(target.base_url, sent)
    if problem is not None:
        raise EndpointError(problem)
    return Endpoint(target.name, target.base_url, key if key_here else "", target.simulated)
