"""What a run sends to a terminal behind SSH, while 32 answers stream in: few enough bytes for a bad link."""

from pathlib import Path

from tests.processes import write_job
from tests.pty.terminals import Terminal, terminal

ENTER = "\r"
SSH = {"SSH_CONNECTION": "192.0.2.7 50022 192.0.2.1 22"}
MOST = 5_000
"""Bytes a second."""

SETTLES_S = 3.0
"""A panel that was just opened is painted as a whole, once."""

COUNTED_S = 6.0
PANELS = {"1": "[1 live]", "2": "[2 failures", "3": "[3 items]", "4": "[4 map]", "5": "[5 log]"}


def elapsed(screen: Terminal) -> str:
    """The first line with its clocks."""
    return screen.lines[0]


def test_every_panel_of_a_streaming_run_sends_less_than_5_kb_a_second(tmp_path: Path) -> None:
    stream = 'base_url = "simulator:?latency=1&tokens_per_s=8&fault=server_error=0.05"'
    job = write_job(
        tmp_path,
        name="letters",
        source="count = 100000",
        provider=['name = "simulator"', stream],
        run=["concurrency = 32", "max_attempts = 1"],
    )
    with terminal(tmp_path, ["run", job], **SSH) as screen:
        screen.wait_for("enter run all")
        screen.press(ENTER)
        screen.wait_for("● running", "[1 live]", " more", "streaming", "server_error")
        sent = {}
        for key, title in PANELS.items():
            screen.press(key)
            screen.wait_for(title)
            screen.read_for(SETTLES_S)
            before = elapsed(screen)
            sent[title] = screen.read_for(COUNTED_S) / COUNTED_S
            assert elapsed(screen) != before, "it stands still"
    assert max(sent.values()) < MOST, sent
