"""Answers that have to meet a schema: checked, told, saved with the job, part of what the question is."""

import json
from pathlib import Path

from tests.cli.contract import EMBEDDED, at_once, check_finished
from tests.processes import exported, holytui, simulator, write_job

LETTER = {
    "type": "object",
    "required": ["subject", "reply"],
    "additionalProperties": False,
    "properties": {"subject": {"type": "string"}, "reply": {"type": "string"}},
}


def test_a_schema_is_kept_with_its_job_and_a_changed_one_is_a_changed_step(tmp_path: Path) -> None:
    schema = tmp_path / "forms" / "letter.json"
    schema.parent.mkdir()
    schema.write_text(json.dumps(LETTER))
    job = write_job(
        tmp_path, source="count = 4", run=["max_attempts = 1"], provider=EMBEDDED, step=['schema = "forms/letter.json"']
    )
    with simulator(tmp_path) as provider:
        flags = ["--json", "--base-url", provider.url]
        check_finished(holytui("run", job, *flags, cwd=tmp_path), 0)
        stricter = {**LETTER, "properties": {"subject": {"type": "string"}, "reply": {"type": "integer"}}}
        schema.write_text(json.dumps(stricter))
        drifted = holytui("run", job, *flags, cwd=tmp_path)
        assert (drifted.returncode, provider.count()) == (2, 4)
        assert "Changed since the job ran: summary" in drifted.stderr
        last = check_finished(holytui("run", job, *flags, "--drift", "run", cwd=tmp_path), 1)
        assert last["failures"] == {"invalid_output": 4}
        message = exported(tmp_path, "job")[0]["error"]["message"]
        assert message.startswith('not what the schema asks for: $.reply: expected a whole number, got "About')

        schema.unlink()
        gone, again = at_once(["run", job, *flags], ["retry", "job", *flags], cwd=tmp_path)
        assert gone.returncode == 2
        assert "steps[0].schema  forms/letter.json: there is no such file" in gone.stderr
        last = check_finished(again, 1)
        assert (last["failures"], last["requests"]) == ({"invalid_output": 4}, 12)
