"""The jobs screen: what is saved, what needs a person, and the samples to begin with."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import ModalScreen

from holytui.core.progress import JobState
from holytui.core.words import worth_retrying
from holytui.runs.desk import Sample, Shelved
from holytui.store.catalog import JobEntry
from holytui.ui.actions import JOBS, bindings
from holytui.ui.asks import is_unread
from holytui.ui.draw import jobs as draw
from holytui.ui.draw import report
from holytui.ui.draw.pen import Pen
from holytui.ui.jobs_order import JobsOrder
from holytui.ui.screens.base import HolyScreen
from holytui.ui.screens.dialogs import FilterBar
from holytui.ui.widgets.line_list import LineList
from holytui.ui.widgets.lines import Lines

Row = JobEntry | Sample | Text


class JobsScreen(HolyScreen):
    """Lists the checkpoint folder; re-sorted only when it is opened or told to, never under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = bindings(JOBS)
    name_in_registry = JOBS

    def __init__(self) -> None:
        super().__init__()
        self._order: list[str] = []
        self._by = JobsOrder()
        self._rows: list[Row] = []
        self._filter = ""
        self._before_filter: tuple[str, str] | None = None
        self._left = False
        self._started = ""

    def compose(self) -> ComposeResult:
        yield Lines(id="title")
        yield LineList(cursor_style=self.cursor_style, id="jobs")
        yield FilterBar(self._narrow)
        yield Lines(id="report")
        yield Lines(id="footer")

    def on_mount(self) -> None:
        self._sort()
        self.refresh_rows()
        self.set_interval(self.holy.settings.slow_s, self.refresh_rows)

    def on_screen_suspend(self) -> None:
        self._left = not isinstance(self.app.screen, ModalScreen)

    def on_screen_resume(self) -> None:
        if self._left:
            self._sort()
        self.refresh_rows()
        if self._started:
            self._keep(("job", self._started))
            self._started = ""

    def stand_on(self, job_id: str) -> None:
        """When one comes back here the cursor is to be on this job: one may have started it from a sample."""
        self._started = job_id

    def repaint(self) -> None:
        self.refresh_rows()

    def the_list(self) -> LineList:
        return self.query_one("#jobs", LineList)

    @property
    def order(self) -> Sequence[str]:
        """The ids of the jobs as they stand here, also while another screen is shown."""
        return self._order

    def _sort(self) -> None:
        self._order = [entry.job_id for entry in self._by.arrange(self.holy.desk.jobs())]

    def refresh_rows(self) -> None:
        """Read the folder again; rows keep their places, new jobs come last."""
        if not self.in_sight:
            return
        entries = {entry.job_id: entry for entry in self.holy.desk.jobs()}
        order = [job for job in self._order if job in entries]
        self._order = order + [job for job in entries if job not in order]
        here = _identity(self._current())
        self._rows = self._build([entries[job] for job in self._order])
        self.the_list().show(len(self._rows), self._line, selectable=lambda place: not self._is_header(place))
        self._keep(here)
        self.redraw()

    def _row_pen(self) -> Pen:
        """The list's own width: two cells are the cursor's."""
        return self.pen(self.size.width - 2)

    def _build(self, entries: list[JobEntry]) -> list[Row]:
        pen = self.pen()
        shown = [entry for entry in entries if self._matches(entry)]
        samples = [sample for sample in self.holy.desk.samples() if self._filter in sample.name.lower()]
        rows: list[Row] = [draw.header(self._row_pen(), self._by), *shown]
        if self._filter and not shown:
            rows.append(draw.nothing_matches(pen, jobs_only=bool(samples)))
        elif not entries:
            trouble = self.holy.desk.trouble
            rows += draw.no_folder(pen, trouble) if trouble else draw.no_jobs(pen, self.holy.settings.other_folders)
        return [*rows, pen.blank(), draw.samples_header(pen), *samples]

    def _matches(self, entry: JobEntry) -> bool:
        words = [entry.job_id, entry.problem or ""]
        if entry.snapshot is not None:
            words += [entry.snapshot.state.value, entry.snapshot.reason, *entry.snapshot.counters.failures]
        return all(part in " ".join(words).lower() for part in self._filter.split())

    def _is_header(self, place: int) -> bool:
        return place >= len(self._rows) or isinstance(self._rows[place], Text)

    def _line(self, place: int) -> Text:
        row, pen = self._rows[place], self._row_pen()
        if isinstance(row, Text):
            return row
        if isinstance(row, Sample):
            return draw.sample_row(pen, row)
        return draw.row(pen, row, self.holy.now())

    def _current(self) -> JobEntry | Sample | None:
        place = self.the_list().cursor
        row = self._rows[place] if place < len(self._rows) else None
        return None if row is None or isinstance(row, Text) else row

    def _keep(self, wanted: tuple[str, str] | None) -> None:
        for place, row in enumerate(self._rows):
            if wanted is not None and _identity(row) == wanted:
                self.the_list().move_to(place)
                return

    def redraw(self) -> None:
        """Title, report and footer for the row under the cursor."""
        pen, now = self.pen(), self.holy.now()
        jobs = sum(isinstance(row, JobEntry) for row in self._rows)
        title = draw.title(pen, self.holy.desk.checkpoints, jobs, self._by, now)
        self.lines("title").show([title, pen.blank()])
        row = self._current()
        if isinstance(row, JobEntry):
            lines = report.report(pen, row, now)
        else:
            lines = [] if row is None else report.sample_report(pen, row)
        self.lines("report").show([*lines, *[pen.blank()] * max(0, report.LINES - len(lines)), pen.blank()])
        self.draw_footer()

    def available(self) -> Iterable[tuple[str, str]]:
        row = self._current()
        yield "open", "open"
        yield "new", "new"
        if isinstance(row, JobEntry) and row.snapshot is not None:
            snapshot = row.snapshot
            if snapshot.state in {JobState.RUNNING, JobState.PREPARING}:
                yield "pause", "pause"
            elif snapshot.pending or is_unread(snapshot):
                yield "pause", "resume" if snapshot.counters.sessions else "run"
            if worth_retrying(snapshot):
                yield "retry", "retry"
            if snapshot.counters.succeeded:
                yield "export", "export"
        yield "filter", "filter"
        yield "help", "help"
        if isinstance(row, JobEntry):
            if row.snapshot is not None and row.snapshot.owner is not None:
                yield "stop", "stop"
            yield "sort", "sort"
            if row.snapshot is None or row.snapshot.owner is None:
                yield "rename", "rename"
                yield "delete", "delete"
            yield "duplicate", "copy"
        yield "quit", "quit"

    def on_line_list_moved(self) -> None:
        self.redraw()

    def on_line_list_chosen(self) -> None:
        self.action_open()

    def _narrow(self, text: str) -> None:
        """The cursor stays on its row; where that is gone it comes back to where it was before."""
        self._filter = text.lower()
        lost = self._current() is None
        self.refresh_rows()
        if lost:
            self._keep(self._before_filter)
            self.redraw()

    def action_open(self) -> None:
        row = self._current()
        if isinstance(row, Sample):
            self.holy.open_preflight(row.path)
        elif isinstance(row, JobEntry):
            self.holy.open_saved(row.job_id)

    def action_back(self) -> None:
        bar = self.query_one(FilterBar)
        if bar.active:
            bar.action_close()

    def action_filter(self) -> None:
        bar = self.query_one(FilterBar)
        if not bar.active:
            self._before_filter = _identity(self._current())
        bar.begin()

    def action_pause(self) -> None:
        row = self._current()
        if isinstance(row, JobEntry) and row.snapshot is not None:
            self.holy.pause_or_resume(row.job_id)

    def action_stop(self) -> None:
        row = self._current()
        if isinstance(row, JobEntry):
            self.holy.ask_stop(row.job_id)

    def action_detach(self) -> None:
        row = self._current()
        if isinstance(row, JobEntry):
            self.holy.ask_detach(row.job_id)

    def action_retry(self) -> None:
        self.action_retry_all()

    def action_retry_all(self) -> None:
        row = self._current()
        if isinstance(row, JobEntry):
            self.holy.triage.retry_by_kind(row.job_id)

    def action_new(self) -> None:
        self.holy.beginning.ask()

    def action_edit(self) -> None:
        """Edit the job file of a job, or a copy of a sample; what was changed is looked at."""
        row = self._current()
        if row is not None:
            self.holy.edit(row.path if isinstance(row, Sample) else row.job_id)

    def action_export(self) -> None:
        row = self._current()
        if isinstance(row, JobEntry):
            self.holy.ask_export(row.job_id)

    def action_sort(self) -> None:
        """By the next column; the cursor stays on its job."""
        self._sort_by(self._by.next_column())

    def action_reverse(self) -> None:
        self._sort_by(self._by.turned())

    def _sort_by(self, order: JobsOrder) -> None:
        self._by = order
        self._sort()
        self.refresh_rows()

    def action_rename(self) -> None:
        row = self._current()
        if isinstance(row, JobEntry):
            self.holy.shelving.rename(row, self._moved)

    def action_duplicate(self) -> None:
        row = self._current()
        if isinstance(row, JobEntry):
            self.holy.shelving.duplicate(row, self._moved)

    def action_delete(self) -> None:
        row = self._current()
        if isinstance(row, JobEntry):
            self.holy.shelving.delete(row, self._moved)

    def action_undo(self) -> None:
        self.holy.shelving.undo(self._moved)

    def _moved(self, done: Shelved) -> None:
        """A renamed job keeps its place, a new one stands behind the one it was made from; the cursor follows.

        One that came back stands where the order of the list has it, and no other row moves for it.
        """
        if done.was in self._order:
            place = self._order.index(done.was)
            self._order[place : place + 1] = [done.job_id] if done.renamed else [done.was, done.job_id]
        elif not done.was:
            self._put_back(done.job_id)
        self.refresh_rows()
        self._keep(("job", done.job_id))
        self.redraw()

    def _put_back(self, job_id: str) -> None:
        arranged = [entry.job_id for entry in self._by.arrange(self.holy.desk.jobs())]
        if job_id not in arranged:
            return
        order = [job for job in self._order if job != job_id]
        before = [job for job in arranged[: arranged.index(job_id)] if job in order]
        order.insert(order.index(before[-1]) + 1 if before else 0, job_id)
        self._order = order


def _identity(row: Row | None) -> tuple[str, str] | None:
    """What a row shows, wherever it stands; a job may be named like the sample it came from."""
    if isinstance(row, JobEntry):
        return "job", row.job_id
    return ("sample", row.name) if isinstance(row, Sample) else None
