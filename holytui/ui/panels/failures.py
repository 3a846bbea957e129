"""Panel 2: what failed, by kind; enter shows the items of a kind."""

from collections.abc import Iterable

from rich.text import Text
from textual.app import ComposeResult

from holytui.core.command import Selection
from holytui.core.display import count
from holytui.store.reader import FailureGroup, Reader
from holytui.store.trouble import CheckpointError
from holytui.ui.draw import live as draw
from holytui.ui.panels.panel import Chosen, Moment, Panel, ShowItems
from holytui.ui.widgets.line_list import LineList
from holytui.ui.widgets.lines import Lines


class FailuresPanel(Panel):
    """Groups of failed items; a verb is about the group under the cursor."""

    panel_name = "failures"
    number = 2

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader
        self._groups: list[FailureGroup] = []
        self._seen: object = None

    def compose(self) -> ComposeResult:
        yield Lines(id="failures-title")
        lines = LineList(cursor_style=self.cursor_style, id="failures")
        lines.can_focus = False
        yield lines

    def the_list(self) -> LineList:
        return self.query_one("#failures", LineList)

    def draw(self, moment: Moment) -> None:
        counters = moment.snapshot.counters
        pen = self.pen()
        self.query_one("#failures-title", Lines).show([draw.failed_header(pen, self.titled("FAILED"), counters.failed)])
        if dict(counters.failures) != self._seen:
            try:
                self._groups = self._reader.failures()
            except CheckpointError as error:
                self.holy_screen.complain(error)
                return
            self._seen = dict(counters.failures)
        self.the_list().show(len(self._groups), self._line)

    def _line(self, place: int) -> Text:
        group = self._groups[place]
        return draw.failure_row(self.pen(3), group.kind, group.count)

    def _current(self) -> FailureGroup | None:
        place = self.the_list().cursor
        return self._groups[place] if place < len(self._groups) else None

    def chosen(self) -> Chosen | None:
        group = self._current()
        if group is None:
            return None
        words = f"the {count(group.count)} {group.kind}"
        return Chosen(Selection(kinds=(group.kind,)), group.count, group.count, words, (group.kind,))

    def verbs(self) -> Iterable[tuple[str, str]]:
        if self._groups:
            yield "open", "items"

    def action_open(self) -> None:
        group = self._current()
        if group is not None:
            self.post_message(ShowItems(f"failed {group.kind}"))
