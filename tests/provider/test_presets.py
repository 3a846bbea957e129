"""Which key may go where."""

import pytest

from holytui.provider.presets import PRESETS, Endpoint, check_url, is_loopback, key_may_go


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://127.9.9.9/v1", True),
        ("http://localhost/v1", True),
        ("http://LOCALHOST/v1", True),
        ("http://[::1]:8000/v1", True),
        ("https://api.holysheep.ai/v1", False),
        ("http://localhost.example/v1", False),
        ("http://evil.localhost/v1", False),
        ("http://127.0.0.1.example/v1", False),
        ("http://localhost@example.com/v1", False),
        ("http://0.0.0.0/v1", False),
        ("http://192.168.0.1/v1", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_what_is_this_machine(url: str, here: bool) -> None:
    assert is_loopback(url) is here


@pytest.mark.parametrize(
    ("preset", "url", "variable", "may"),
    [
        ("holysheep", "https://api.holysheep.ai/v1", "HOLYSHEEP_API_KEY", True),
        ("holysheep", "https://API.holysheep.AI:443/v1", "HOLYSHEEP_API_KEY", True),
        ("holysheep", "http://127.0.0.1:1/v1", "HOLYSHEEP_API_KEY", True),
        ("holysheep", "http://api.holysheep.ai/v1", "HOLYSHEEP_API_KEY", False),
        ("holysheep", "https://api.holysheep.ai:8443/v1", "HOLYSHEEP_API_KEY", False),
        ("holysheep", "https://api.holysheep.ai.example/v1", "HOLYSHEEP_API_KEY", False),
        ("holysheep", "https://api.holysheep.ai@example.com/v1", "HOLYSHEEP_API_KEY", False),
        ("holysheep", "https://api.openai.com/v1", "HOLYSHEEP_API_KEY", False),
        ("holysheep", "https://api.holysheep.ai/v1", "OPENAI_API_KEY", False),
        ("openai", "https://api.openai.com/v1", "OPENAI_API_KEY", True),
        ("mine", "https://api.openai.com/v1", "OPENAI_API_KEY", False),
        ("openai", "https://[broken/v1", "OPENAI_API_KEY", False),
        ("openai", "https://api.openai.com:port/v1", "OPENAI_API_KEY", False),
    ],
)
def test_a_key_goes_only_where_it_belongs(preset: str, url: str, variable: str, may: bool) -> None:
    assert key_may_go(preset, url, variable) is may


@pytest.mark.parametrize(
    ("url", "has_key", "part"),
    [
        ("https://api.holysheep.ai/v1", True, None),
        ("http://example.com/v1", False, None),
        ("http://127.0.0.1:8000/v1", True, None),
        ("http://example.com/v1", True, "unencrypted to example.com"),
        ("ftp://example.com/v1", False, "https://"),
        ("api.holysheep.ai/v1", False, "https://"),
        ("https://", False, "https://"),
        ("https://example.com:port/v1", False, "not a URL"),
        ("https://[example/v1", False, "not a URL"),
        ("https://example.com/v1?key=1", False, "? or #"),
        ("https://exa mple.com/v1", False, "blank"),
        ("https://example.com/v1\x00", False, "invisible"),
    ],
)
def test_a_url_is_checked(url: str, has_key: bool, part: str | None) -> None:
    problem = check_url(url, has_key)
    if part is None:
        assert problem is None
    else:
        assert problem is not None
        assert part in problem


@pytest.mark.parametrize("url", ["https://me:hunter2@example.com/v1", "me:hunter2@example.com/v1"])
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    problem = check_url(url, has_key=False)
    assert problem is not None
    assert "hunter2" not in problem


def test_every_preset_passes_its_own_rules() -> None:
    assert set(PRESETS) == {"holysheep", "openai", "deepseek", "ollama", "simulator"}
    for preset in PRESETS.values():
        if preset.base_url is None:
            assert preset.simulated
            continue
        assert check_url(preset.base_url, has_key=preset.api_key_env is not None) is None
        assert preset.api_key_env is None or key_may_go(preset.name, preset.base_url, preset.api_key_env)


def test_the_key_is_in_no_repr() -> None:
    assert "hunter2" not in repr(Endpoint("x", "https://example.com", "hunter2"))
