"""The user's settings: where they come from, what is told, what is remembered."""

from pathlib import Path

import pytest

from holytui.config import ConfigError, Settings, config_dir, load_settings, remember_trust
from holytui.core.pricing import Price


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"HOLYTUI_CONFIG_DIR": str(tmp_path / "config")}


def write(env: dict[str, str], text: str) -> Path:
    path = config_dir(env) / "config.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_without_a_file_there_are_defaults(env: dict[str, str]) -> None:
    assert load_settings(env) == Settings(checkpoints=Path("checkpoints"))


def test_a_full_file(env: dict[str, str]) -> None:
    write(
        env,
        """
        checkpoints = "/data/runs"
        theme = "night"
        on_hangup = "stop"
        [keymap]
        "run.pause" = "f5"
        "run.retry" = ["r", "f6"]
        [trust]
        "a.example" = "A_KEY"
        "b.example" = ["B_KEY", "C_KEY"]
        [prices."my-model"]
        input = 1
        output = 2.5
        """,
    )
    assert load_settings(env) == Settings(
        checkpoints=Path("/data/runs"),
        theme="night",
        keymap={"run.pause": ("f5",), "run.retry": ("r", "f6")},
        trusted=frozenset({("a.example", "A_KEY"), ("b.example", "B_KEY"), ("b.example", "C_KEY")}),
        prices={"my-model": Price(1, 1, 2.5, "your price")},
    )


def test_variables_win_over_the_file_and_empty_ones_do_not_count(env: dict[str, str]) -> None:
    write(env, 'checkpoints = "/file"\ntheme = "file"')
    settings = load_settings(env | {"HOLYTUI_CHECKPOINTS": "/variable", "HOLYTUI_THEME": ""})
    assert (settings.checkpoints, settings.theme) == (Path("/variable"), "file")


def test_unknown_keys_are_told_and_the_rest_is_used(env: dict[str, str]) -> None:
    write(env, 'them = "x"\nfrobnicate = 1\ncheckpoints = "/c"')
    settings = load_settings(env)
    assert settings.checkpoints == Path("/c")
    assert [note.split(": ", 1)[1] for note in settings.notes] == [
        'unknown key "them"; did you mean "theme"?',
        'unknown key "frobnicate"; known are checkpoints, theme, ascii, bell, mouse, on_hangup, redis, keymap, trust, '
        "prices.",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("theme = 3", "theme: expected text in quotes"),
        ("keymap = 3", r"keymap: expected a table: \[keymap\]"),
        ("[keymap]\na = [1]", "keymap.a: expected text in quotes, or a list"),
        ('[prices."m"]\ninput = 1', 'prices."m": expected input and output'),
        ('[prices."m"]\ninput = -1\noutput = 1', 'prices."m": expected input and output'),
        ('[prices."m"]\ninput = 1\noutput = 1\nx = 1', 'prices."m": expected input and output'),
        ('on_hangup = "party"', 'on_hangup: expected "stop"'),
        ("a = = b", "is not TOML: .*line 1"),
    ],
)
def test_what_is_of_the_wrong_kind_is_refused(env: dict[str, str], text: str, sentence: str) -> None:
    write(env, text)
    with pytest.raises(ConfigError, match=sentence):
        load_settings(env)


def test_trust_is_remembered_in_a_new_file(env: dict[str, str]) -> None:
    remember_trust("a.example", "KEY", env)
    remember_trust("a.example", "KEY", env)
    remember_trust("b.example", "KEY", env)
    assert load_settings(env).trusted == {("a.example", "KEY"), ("b.example", "KEY")}


def test_remembering_keeps_comments_and_everything_else(env: dict[str, str]) -> None:
    text = '# mine\ntheme = "night"  # dark\n[ trust ] # hosts\n"a.example" = "A"\n[keymap]\nx = "y"'
    path = write(env, text)
    remember_trust("b.example", "B", env)
    lines = path.read_text().splitlines()
    assert [line for line in lines if line != '"b.example" = "B"'] == text.splitlines()
    assert load_settings(env).trusted == {("a.example", "A"), ("b.example", "B")}


def test_a_file_behind_a_link_stays_there(env: dict[str, str], tmp_path: Path) -> None:
    config_dir(env).mkdir()
    real = tmp_path / "dotfiles.toml"
    real.write_text('theme = "x"\n')
    (config_dir(env) / "config.toml").symlink_to(real)
    remember_trust("a.example", "A", env)
    assert (config_dir(env) / "config.toml").is_symlink()
    assert "a.example" in real.read_text()


@pytest.mark.parametrize("host", ['a"]\ntheme = "pwned', "a\\", "é.example"])
def test_a_hostile_host_stays_a_host(env: dict[str, str], host: str) -> None:
    remember_trust(host, "KEY", env)
    settings = load_settings(env)
    assert settings.trusted == {(host, "KEY")}
    assert settings.theme is None


def test_a_host_that_has_another_variable_is_left_to_the_user(env: dict[str, str]) -> None:
    path = write(env, '[trust]\n"a.example" = "A"\n')
    with pytest.raises(ConfigError, match='add "B" to it'):
        remember_trust("a.example", "B", env)
    assert path.read_text() == '[trust]\n"a.example" = "A"\n'


def test_a_file_that_cannot_be_extended_is_left_alone(env: dict[str, str]) -> None:
    path = write(env, 'trust = { "a.example" = "A" }\n')
    with pytest.raises(ConfigError, match="by hand"):
        remember_trust("b.example", "B", env)
    assert path.read_text() == 'trust = { "a.example" = "A" }\n'
