"""The command that takes over what the script before holytui saved."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from holytui.cli.options import Context, checkpoints_option, pass_context

if TYPE_CHECKING:
    from holytui.runs.importing import Imported, Match


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--items", type=click.Path(path_type=Path), help="The whole input: lines, JSON lines, CSV, a JSON array.")
@click.option("--prompt", metavar="TEXT|@FILE", help="The prompt of the answers, with {item}.")
@click.option("--model", metavar="M", help="The model of the answers.")
@click.option("--provider", metavar="NAME", help="Where the rest is asked (default holysheep).")
@click.option("--base-url", help="Its address.")
@click.option(
    "--match",
    type=click.Choice(["item", "index"]),
    help="How results find their items in --items: by what the items are, or by index alone.",
)
@click.option("--id", "job_id", help="Save under this id instead of the file's task id.")
@checkpoints_option
@pass_context
def import_file(
    context: Context,
    /,
    file: Path,
    items: Path | None,
    prompt: str | None,
    model: str | None,
    provider: str | None,
    base_url: str | None,
    match: "Match | None",
    job_id: str | None,
) -> None:
    """Make a job of a checkpoint file of the old kind (task_….json), also of a torn one; nothing is sent."""
    from holytui.runs.importing import ImportWishes, import_seed

    if job_id is not None and not re.fullmatch(r"[a-z0-9-]+", job_id):
        raise click.UsageError(f"--id {job_id}: an id is made of a-z, 0-9 and -")
    for option, value in (("--prompt", prompt), ("--model", model)):
        if value is not None and not value.strip():
            raise click.UsageError(f"{option}: expected a text")
    if match is not None and items is None:
        raise click.UsageError("--match says how results find their items in --items: give that too")
    wishes = ImportWishes(items, _text(prompt), model, provider, base_url, job_id, match)
    done = import_seed(context.folder(), file, wishes)
    for note in done.notes:
        click.echo(f"holytui: {note}", err=True)
    for line in _told(done):
        click.echo(line)


def _text(prompt: str | None) -> str | None:
    """A prompt, or what stands in the file that it names behind an @."""
    if prompt is None or not prompt.startswith("@"):
        return prompt
    path = Path(prompt[1:])
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise click.UsageError(f"--prompt: {path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError:
        raise click.UsageError(f"--prompt: {path} is not UTF-8") from None
    if not text.strip():
        raise click.UsageError(f"--prompt: {path} is empty")
    return text


def _told(done: "Imported") -> list[str]:
    """What became of it, and what to do next."""
    from holytui.core.display import counted

    counters, job = done.counters, done.folder.name
    kept = f"{counted(counters.succeeded, 'answer')} kept, {counters.failed:,} failed"
    if counters.pending and done.can_run:
        return [f"{kept}, {counters.pending:,} to go: holytui run {job}"]
    rest = f", {counters.pending:,} to go" if counters.pending else ""
    lines = [f"{kept}{rest}: holytui export {job}"]
    if not done.can_run:
        lines.append(
            "Nothing of it can be asked yet, for its prompt and model are not in the file. To ask what failed and "
            "the rest, import it under another --id NEW with --prompt TEXT and --model M."
        )
    elif counters.failed:
        lines.append(f"The failed {'one' if counters.failed == 1 else 'ones'} again: holytui retry {job}")
    if done.unknown_items:
        are = counted(done.unknown_items, "more item of its input is", "more items of its input are")
        them = "it" if done.unknown_items == 1 else "them"
        lines.append(
            f"{are} not in the file. To ask {them}, import the file under another --id NEW with --items FILE, "
            f"the whole input."
        )
    return lines
