"""What the palette offers: the actions that work here, the jobs, the samples, the themes."""

from functools import partial
from typing import TYPE_CHECKING

from holytui.core.progress import LIVE_STATES
from holytui.core.words import state_words
from holytui.store.catalog import JobEntry
from holytui.ui.actions import APP_ACTIONS, Action, keys_of
from holytui.ui.screens.base import HolyScreen
from holytui.ui.screens.palette import Entry

if TYPE_CHECKING:
    from holytui.ui.app import HolytuiApp


def entries_of(app: "HolytuiApp", screen: HolyScreen) -> list[Entry]:
    """Jobs that run come first: that is how one goes from one to another; then what can be done here."""
    jobs = sorted(app.desk.jobs(), key=lambda entry: not _runs(entry))
    opened = [_job(app, entry) for entry in jobs]
    running = sum(_runs(entry) for entry in jobs)
    actions = [_action(app, screen, action) for action in screen.registered() if action.id != "palette"]
    samples = [
        Entry(f"sample {sample.name}: {sample.description}", "", partial(app.open_preflight, sample.path))
        for sample in app.desk.samples()
    ]
    worn = [
        Entry(f"theme {name}", "as now" if name == app.theme else "", partial(app.wear, name))
        for name in sorted(app.settings.themes)
    ]
    return [*opened[:running], *actions, *opened[running:], *samples, *worn]


def _runs(entry: JobEntry) -> bool:
    return entry.snapshot is not None and entry.snapshot.state in LIVE_STATES


def _job(app: "HolytuiApp", entry: JobEntry) -> Entry:
    state = entry.problem or "" if entry.snapshot is None else state_words(entry.snapshot)
    return Entry(f"job {entry.job_id}  {state}", "", partial(app.open_saved, entry.job_id))


def _action(app: "HolytuiApp", screen: HolyScreen, action: Action) -> Entry:
    def run() -> None:
        node = app if action.id in APP_ACTIONS else screen.answers(action.id)
        app.call_later(app.run_action, action.id, node)

    return Entry(action.help, " ".join(keys_of(action, app.settings.keymap)), run, action.id)
