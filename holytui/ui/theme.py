"""Themes from TOML files, and the styles that lines are drawn with."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

REQUIRED = ("primary",)
COLOURS = (
    "primary", "secondary", "warning", "error", "success", "accent", "foreground", "background", "surface", "panel",
)  # fmt: skip


class ThemeError(Exception):
    """A theme file cannot be used; the message names the file and the key."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Styles by meaning; a state is always a glyph and a word beside its colour."""

    plain: Style
    muted: Style
    accent: Style
    good: Style
    warn: Style
    bad: Style
    cursor: Style


def load_theme(path: Path) -> Theme:
    """A Textual theme from a file with colours by name.

    Raises:
        ThemeError: no TOML, no colour, or a key that means nothing.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ThemeError(f"{path}: {error}") from error
    known = {*COLOURS, "name", "dark", "ansi", "variables"}
    unknown = sorted(set(data) - known)
    if unknown:
        raise ThemeError(f"{path}: no such key: {unknown[0]}. Known: {', '.join(sorted(known))}")
    if any(name not in data for name in REQUIRED):
        raise ThemeError(f"{path}: a theme needs at least: {', '.join(REQUIRED)}")
    colours = {name: str(data[name]) for name in COLOURS if name in data}
    for name, value in colours.items():
        try:
            Color.parse(value)
        except ValueError as error:
            raise ThemeError(f"{path}: {name} is not a colour: {value}") from error
    return Theme(
        name=str(data.get("name", path.stem)),
        dark=bool(data.get("dark", True)),
        ansi=bool(data.get("ansi", False)),
        variables={str(key): str(value) for key, value in data.get("variables", {}).items()},
        **colours,  # type: ignore[arg-type]  # mypy cannot see which names the mapping holds
    )


def load_themes(paths: Mapping[str, Path]) -> tuple[dict[str, Theme], list[str]]:
    """All themes that can be used, and a sentence for each that cannot."""
    themes, problems = {}, []
    for path in paths.values():
        try:
            theme = load_theme(path)
        except ThemeError as error:
            problems.append(str(error))
        else:
            themes[theme.name] = theme
    return themes, problems


def palette(theme: Theme) -> Palette:
    """The styles of a theme."""

    def style(colour: str | None, *, bold: bool = False) -> Style:
        if colour is None:
            return Style(bold=bold)
        return Style(color=Color.parse(colour).rich_color, bold=bold)

    muted = Style(color="bright_black") if theme.ansi else Style(dim=True)
    return Palette(
        plain=Style(),
        muted=muted,
        accent=style(theme.accent or theme.primary, bold=True),
        good=style(theme.success),
        warn=style(theme.warning),
        bad=style(theme.error),
        cursor=Style(bold=True, reverse=theme.ansi),
    )
