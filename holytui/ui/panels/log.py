"""Panel 5: the night's story, newest first."""

from rich.text import Text
from textual.app import ComposeResult

from holytui.core.progress import LogLine
from holytui.store.reader import Reader
from holytui.store.trouble import CheckpointError
from holytui.ui.draw import live as draw
from holytui.ui.draw.pen import Pen
from holytui.ui.panels.panel import Moment, Panel
from holytui.ui.widgets.line_list import LineList
from holytui.ui.widgets.lines import Lines

LOG_LINES = 2_000


class LogPanel(Panel):
    """Repeats are one line with a count and a span: the store coalesces them."""

    panel_name = "log"
    number = 5

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader
        self._log: list[LogLine] = []
        self._newest: tuple[LogLine, ...] | None = None
        self._lines: list[Text] = []
        self._wrapped: dict[LogLine, list[Text]] = {}
        self._pen: Pen | None = None
        """That they were drawn with."""
        self._drawn: list[LogLine] | None = None

    def compose(self) -> ComposeResult:
        yield Lines(id="log-title")
        lines = LineList(cursor_style=lambda: self.holy_screen.palette.plain, id="log", marker="")
        lines.can_focus = False
        yield lines

    def the_list(self) -> LineList:
        return self.query_one("#log", LineList)

    def draw(self, moment: Moment) -> None:
        title = self.query_one("#log-title", Lines)
        title.display = self.beside
        title.show([self.pen().line().gap(1).add(*self.titled("LOG")).done()])
        if moment.snapshot.last_events != self._newest:
            try:
                self._log = self._reader.events(LOG_LINES)
            except CheckpointError as error:
                self.holy_screen.complain(error)
                return
            self._newest = moment.snapshot.last_events
        pen = self.pen(1)
        if self._drawn is not self._log or pen != self._pen:
            self._drawn = self._log
            known = self._wrapped if pen == self._pen else {}
            self._wrapped = {event: known.get(event) or draw.log_lines(pen, event) for event in self._log}
            self._pen = pen
            self._lines = [line for event in self._log for line in self._wrapped[event]]
        self.the_list().show(len(self._lines), self._line)

    def _line(self, place: int) -> Text:
        return self._lines[place]
