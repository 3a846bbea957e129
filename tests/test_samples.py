"""The sample jobs show what their comments say, run as a user runs them."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from holytui.core.failures import FailureKind
from holytui.core.job_file import load_job
from holytui.core.template import Template
from holytui.core.timeouts import tier
from holytui.inputs.source import read
from holytui.provider.simulated_answer import script
from holytui.provider.simulation import options_from_url
from holytui.resources import sample_jobs

ROOT = Path(__file__).parents[1]
SAMPLES = {path.stem: path for path in sample_jobs()}


def run(sample: str, folder: Path) -> tuple[int, dict[str, Any]]:
    """Run a sample headless; its exit code and its last JSON line."""
    command = [sys.executable, "-m", "holytui", "run", str(SAMPLES[sample]), "--json", "--checkpoints", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def test_all_that_fails_fails_in_every_way_an_item_can(tmp_path: Path) -> None:
    code, end = run("all-that-fails", tmp_path)
    of_the_account = {"rate_limit", "auth", "quota", "model_not_found", "refused"}
    assert code == 1
    assert set(end["failures"]) == {kind.value for kind in FailureKind} - of_the_account
    assert (end["total"], end["succeeded"]) == (40, 18)
    assert max(end["failures"], key=end["failures"].get) == "timeout.stall"
    assert end["elapsed_s"] < 60


def test_the_breaker_stops_with_its_queue_intact(tmp_path: Path) -> None:
    code, end = run("breaker", tmp_path)
    assert code == 3
    assert (end["state"], end["reason"]) == ("stopped", "auth")
    assert (end["succeeded"], end["failed"], end["pending"]) == (20, 0, 180)


def test_your_python_reaches_all_four_tiers() -> None:
    loaded = load_job(SAMPLES["your-python"])
    summary, title = loaded.job.step_order()
    options = options_from_url(loaded.job.provider.base_url or "")
    tiers: Counter[int] = Counter()
    for item in read(loaded.job.input, loaded.base_dir):
        prompt = Template.parse(summary.prompt).render(item.record, {})
        answer = script(options, prompt, 1, summary.max_tokens, wants_json=False).text
        second = Template.parse(title.prompt).render(item.record, {"summary": answer})
        tiers.update((tier(len(prompt)), tier(len(second))))
    assert set(tiers) == {0, 1, 2, 3}
