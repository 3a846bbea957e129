"""`holytui doctor`: what this machine, and a job file's provider, would have to say; nothing is spent."""

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from holytui.cli.options import Context, checkpoints_option, pass_context

if TYPE_CHECKING:
    from holytui.core.job_file import LoadedJob

NAME_WIDTH = 11


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: a word or two.
        ok: None where nothing can be said against it or for it.
        message: what was found, and the way out where it is not ok; foreign text.
    """

    name: str
    ok: bool | None
    message: str


@click.command()
@click.argument("jobfile", type=click.Path(path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@checkpoints_option
@pass_context
def doctor(context: Context, /, jobfile: Path | None, as_json: bool) -> None:  # noqa: FBT001  # click passes options by name
    """Check this machine, Redis if it is named, and with a job file its provider, key and models; no prompt is sent."""
    from holytui.core.job_file import load_job

    loaded = None if jobfile is None else load_job(jobfile)
    findings = []
    for finding in _all(context, loaded):
        findings.append(finding)
        if not as_json:
            click.echo(_line(finding))
    if as_json:
        told = [{"name": one.name, "ok": one.ok, "message": one.message} for one in findings]
        click.echo(json.dumps({"ok": all(one.ok is not False for one in findings), "checks": told}))


def _all(context: Context, loaded: "LoadedJob | None") -> Iterator[Finding]:
    from holytui.cli.machine import machine_findings
    from holytui.cli.redis_finding import redis_findings

    yield from machine_findings(context)
    yield from redis_findings(context)
    if loaded is not None:
        from holytui.cli.job_findings import job_findings

        yield from job_findings(context, loaded)


def _line(finding: Finding) -> str:
    from holytui.core.display import safe

    marks: Iterable[str] = "✓✗·" if _can_print("✓✗·…") else "+x."
    good, bad, unknown = marks
    mark = unknown if finding.ok is None else good if finding.ok else bad
    return f"{mark} {finding.name:<{NAME_WIDTH}} {safe(finding.message)}"


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
