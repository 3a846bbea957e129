"""Whole scripts in processes of their own: interrupted, killed, run again."""

import signal
import subprocess
import sys
from pathlib import Path

from holytui.store.catalog import snapshot_of
from tests.processes import environment, exported, simulator, status, wait_until

ROOT = Path(__file__).parents[2]
ITEMS = 60
SCRIPT = f"""
import sys

import holytui

job = holytui.Job.from_prompt(
    items=[f"letter {{n}}" for n in range({ITEMS})],
    prompt="About {{item}}",
    model="deepseek-v3.2",
    name="letters",
    provider=holytui.Provider(name="simulator"),
    run=holytui.RunOptions(concurrency=4),
)
try:
    result = holytui.run(job, base_url=sys.argv[1], on_progress=lambda p: print(p, flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
    raise SystemExit(130)
print(result)
"""


def start(folder: Path, text: str, *arguments: str) -> "subprocess.Popen[str]":
    (folder / "script.py").write_text(text, "utf-8")
    return subprocess.Popen(
        [sys.executable, "script.py", *arguments],
        cwd=folder,
        env=environment(PYTHONPATH=str(ROOT), XDG_CONFIG_HOME=str(folder / "config")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_ctrl_c_pauses_the_job_and_the_same_script_goes_on(tmp_path: Path) -> None:
    with simulator(tmp_path, "--latency", "0.2") as provider:
        script = start(tmp_path, SCRIPT, provider.url)
        wait_until(lambda: provider.count() >= 10, "ten answers")
        script.send_signal(signal.SIGINT)
        out, err = script.communicate(timeout=30)
        assert (script.returncode, out.splitlines()[-1], err) == (130, "interrupted", "")
        rest = status(tmp_path, "letters")
        assert (rest["state"], rest["reason"], rest["owner"]) == ("paused", "user", None)
        assert 10 <= rest["succeeded"] < ITEMS
        assert rest["succeeded"] == provider.count(), "what was in flight finished"
        again = start(tmp_path, SCRIPT, provider.url)
        out, err = again.communicate(timeout=60)
        assert (again.returncode, err) == (0, "")
        assert out.splitlines()[-1] == f"letters: completed; {ITEMS} of {ITEMS} succeeded, 0 failed"
        assert set(provider.answered().values()) == {1}


def test_a_second_ctrl_c_breaks_off_what_hangs(tmp_path: Path) -> None:
    with simulator(tmp_path, "--latency", "60") as provider:
        script = start(tmp_path, SCRIPT, provider.url)
        place = tmp_path / "checkpoints" / "letters"
        wait_until(lambda: place.exists() and snapshot_of(place).requests_in_flight == 4, "four in flight")
        script.send_signal(signal.SIGINT)
        wait_until(lambda: snapshot_of(place).state.value in {"pausing", "paused"}, "it is pausing")
        script.send_signal(signal.SIGINT)
        out, _ = script.communicate(timeout=8)
        assert out.splitlines()[-1] == "interrupted"
        assert status(tmp_path, "letters")["state"] == "paused"


def test_killed_and_run_again_it_loses_nothing_and_asks_only_what_was_in_flight(tmp_path: Path) -> None:
    with simulator(tmp_path, "--latency", "0.2:0.3") as provider:
        for kills in range(1, 4):
            script = start(tmp_path, SCRIPT, provider.url)
            wait_until(lambda goal=kills * 12: provider.count() >= goal, "some answers")  # type: ignore[misc]  # bound now
            script.kill()
            script.communicate(timeout=10)
        kept = status(tmp_path, "letters")["succeeded"]
        assert 0 < kept < ITEMS
        last = start(tmp_path, SCRIPT, provider.url)
        last.communicate(timeout=60)
        assert last.returncode == 0
        answered = provider.answered()
    assert len(answered) == ITEMS
    assert sum(times - 1 for times in answered.values()) <= 3 * 4
    assert [row["status"] for row in exported(tmp_path, "letters")] == ["succeeded"] * ITEMS


def test_a_script_that_ends_without_waiting_for_its_thread_leaves_the_job_safe(tmp_path: Path) -> None:
    text = SCRIPT.partition("try:")[0] + (
        "import threading, time\n"
        "place = __import__('pathlib').Path('checkpoints/letters')\n"
        "threading.Thread(target=lambda: holytui.run(job, base_url=sys.argv[1]), daemon=True).start()\n"
        "while not place.exists() or holytui.open_job('letters').progress().succeeded < 4:\n"
        "    time.sleep(0.05)\n"
    )
    with simulator(tmp_path, "--latency", "0.2") as provider:
        script = start(tmp_path, text, provider.url)
        _, err = script.communicate(timeout=60)
        assert (script.returncode, err) == (0, "")
        rest = status(tmp_path, "letters")
        assert (rest["state"], rest["reason"], rest["owner"]) == ("interrupted", "terminated", None)
        assert rest["succeeded"] >= 4


def test_no_signal_handler_is_touched(tmp_path: Path) -> None:
    text = SCRIPT.partition("try:")[0].replace(str(ITEMS), "3") + (
        "import signal\n"
        "before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]\n"
        "holytui.run(job, base_url=sys.argv[1], on_progress=lambda p: print(before == "
        "[signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]))\n"
    )
    with simulator(tmp_path) as provider:
        script = start(tmp_path, text, provider.url)
        out, err = script.communicate(timeout=60)
        assert (script.returncode, set(out.split()), err) == (0, {"True"}, "")
