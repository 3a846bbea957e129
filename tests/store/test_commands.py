"""Commands to an owner, and what it shows to viewers."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from holytui.core.command import Command, Selection, Verb
from holytui.core.pricing import Money, MoneyKind
from holytui.core.progress import Counters, Eta, InFlight, JobState, LogLine, Owner, Snapshot
from holytui.core.work import Overrides
from holytui.store import commands, live
from holytui.store.trouble import CheckpointError


def test_commands_come_in_the_order_they_were_sent(tmp_path: Path) -> None:
    wanted = [
        Command(Verb.PAUSE),
        Command(
            Verb.RETRY,
            Selection(("timeout",), ("doc \ud83d \0 1",), everything=True),
            Overrides("other", 1.5, 900, "be brief"),
        ),
        Command(Verb.RESUME),
        Command(Verb.STOP),
    ]
    names = [commands.send(tmp_path, command) for command in wanted]
    assert commands.take(tmp_path) == list(zip(names, wanted, strict=True))
    commands.acknowledge(tmp_path, names[0])
    assert [name for name, _ in commands.take(tmp_path)] == names[1:]


@pytest.mark.parametrize(
    "changes", [Overrides(max_tokens=int("9" * 400)), Overrides(clock_factor=1e308), Overrides(model=" ")]
)
def test_a_retry_with_changes_that_cannot_be_sent_is_no_command(tmp_path: Path, changes: Overrides) -> None:
    commands.send(tmp_path, Command(Verb.RETRY, changes=changes))
    commands.send(tmp_path, Command(Verb.BUDGET, budget_usd=1e308))
    assert commands.take(tmp_path) == []


def test_the_sender_waits_for_the_acknowledgement(tmp_path: Path) -> None:
    name = commands.send(tmp_path, Command(Verb.PAUSE))
    assert not commands.wait_ack(tmp_path, name, 0.06)
    threading.Timer(0.05, commands.acknowledge, (tmp_path, name)).start()
    assert commands.wait_ack(tmp_path, name, 20)


@pytest.mark.parametrize("rubbish", ["", "[]", "{}", '{"verb": "explode", "selection": {}, "changes": {}}'])
def test_rubbish_is_thrown_away(tmp_path: Path, rubbish: str) -> None:
    name = commands.send(tmp_path, Command(Verb.PAUSE))
    path = tmp_path / commands.FOLDER / "00000000000000000001-rubbish.json"
    path.write_text(rubbish)
    assert [found for found, _ in commands.take(tmp_path)] == [name]
    assert not path.exists()


def test_no_commands_no_folder(tmp_path: Path) -> None:
    assert commands.take(tmp_path) == []
    commands.discard(tmp_path)
    with pytest.raises(CheckpointError, match="nowhere"):
        commands.send(tmp_path / "nowhere", Command(Verb.PAUSE))


SNAPSHOT = Snapshot(
    job="small",
    name="Small \ud83d job",
    state=JobState.RUNNING,
    counters=Counters(total=5, succeeded=2, failed=1, failures={"network": 1}),
    projected=Money(1.25, MoneyKind.ESTIMATED),
    eta=Eta(1.0, 2.0, 3.0, "steady"),
    owner=Owner(1, "here", 2.0, 3.0, "me"),
    last_events=(LogLine("session", 1.0, 2.0, 3, "[red] \0 text"),),
    throughput=(1.0, 2.0),
    models=("one", "two"),
)
FLIGHT = InFlight(3, "doc \ud83d", "summary", "streaming", 1.0, 30.0, 4.0, "the \x1b[31m tail")


def test_viewers_read_what_the_owner_wrote(tmp_path: Path) -> None:
    live.write_live(tmp_path, SNAPSHOT, [FLIGHT])
    live.write_live(tmp_path, replace(SNAPSHOT, running=2), [FLIGHT, FLIGHT])
    assert live.read_live(tmp_path) == (replace(SNAPSHOT, running=2), (FLIGHT, FLIGHT))
    assert [path.name for path in tmp_path.iterdir()] == [live.NAME]


@pytest.mark.parametrize(
    "content", [None, "", "{", "[]", "7", "{}", '{"snapshot": {}, "in_flight": []}', '{"snapshot": null}']
)
def test_what_cannot_be_read_is_none(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / live.NAME).write_text(content)
    assert live.read_live(tmp_path) is None


def test_another_version_is_none(tmp_path: Path) -> None:
    live.write_live(tmp_path, SNAPSHOT, [])
    path = tmp_path / live.NAME
    path.write_text(path.read_text().replace('"budget_usd"', '"budget_in_dollars"'))
    assert live.read_live(tmp_path) is None
