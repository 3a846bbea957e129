"""Which names mean one model."""

import pytest

from holytui.core.models import same_model


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("gpt-4.1", "gpt-4.1"),
        ("gpt-4.1", "gpt-4.1-2025-04-14"),
        ("gpt-4-1", "gpt-4.1"),
        ("deepseek/deepseek-v3.2", "DeepSeek-V3.2"),
        ("claude-sonnet-4.5", "claude-sonnet-4-5-20250929"),
        ("llama3", "llama3:latest"),
    ],
)
def test_spellings_and_dated_releases_are_the_model(asked: str, answered: str) -> None:
    assert same_model(asked, answered)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("gpt-4.1", "gpt-4.1-mini"), ("gpt-4.1", "gpt-4"), ("deepseek-chat", "deepseek-v3.2"), ("a", "")],
)
def test_others_are_not(asked: str, answered: str) -> None:
    assert not same_model(asked, answered)
