"""Panel 4: all items at once, the worst state of each cell."""

from rich.text import Text
from textual.app import ComposeResult

from holytui.core.display import count
from holytui.core.work import ItemState
from holytui.store.reader import Reader
from holytui.store.trouble import CheckpointError
from holytui.ui.panels.panel import Moment, Panel
from holytui.ui.widgets.lines import Lines

LETTERS = {ItemState.SUCCEEDED: "=", ItemState.FAILED: "x", ItemState.RUNNING: ">", ItemState.PENDING: "·"}


class MapPanel(Panel):
    """Every cell is real items."""

    panel_name = "map"
    number = 4

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader

    def compose(self) -> ComposeResult:
        yield Lines(id="map")

    def draw(self, moment: Moment) -> None:
        pen, rows = self.pen(), max(1, self.size.height - 1)
        width = pen.width - 2
        total = max(1, moment.snapshot.counters.total)
        try:
            cells = self._reader.map_cells(width * rows)
        except CheckpointError as error:
            self.holy_screen.complain(error)
            return
        each = -(-total // (width * rows))
        line = pen.line().gap(1).add(*self.titled("MAP"))
        header = line.add(f"  {count(each)} items a cell, worst state shown", pen.palette.muted).done()
        text = "".join(LETTERS[cell] for cell in cells)
        body: list[Text] = [pen.line().gap(1).add(text[at : at + width]).done() for at in range(0, len(text), width)]
        self.query_one("#map", Lines).show([header, *body])
