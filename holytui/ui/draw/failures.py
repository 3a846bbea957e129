"""Groups of failed items, and a look into the one under the cursor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text

from holytui.core.display import cell_width, count
from holytui.core.words import by_count
from holytui.store.failures import FailedGroup, FailedItem, Grouping
from holytui.ui.draw.live import EXPLAINED, MEANING, failed_header
from holytui.ui.draw.pen import Pen
from holytui.ui.draw.words import advice, meaning

LABEL = 23
HINT = " A accepts partial answers   X gives up, with a reason   u undoes"


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A line of the panel.

    Attributes:
        number: failed items in it; given_up: of them put aside.
        kinds: of its items, the most frequent first.
        group: its items, where they were read; a kind is known without.
    """

    label: str
    number: int
    given_up: int
    kinds: tuple[str, ...]
    group: FailedGroup | None = None


def rows_by_kind(failures: Mapping[str, int], given_up: Mapping[str, int]) -> list[GroupRow]:
    """A row a kind, the most frequent first."""
    return [GroupRow(kind, number, given_up.get(kind, 0), (kind,)) for kind, number in by_count(failures)]


def rows_of(groups: Sequence[FailedGroup]) -> list[GroupRow]:
    """A row a group, in their order."""
    return [GroupRow(group.label, len(group.items), group.given_up, group.kinds, group) for group in groups]


def header(pen: Pen, title: tuple[str, Style], failed: int, by: Grouping) -> Text:
    """Over the groups."""
    if by is Grouping.KIND:
        return failed_header(pen, title, failed)
    muted = pen.palette.muted
    line = pen.line().gap(1).add(*title).cell(f" {count(failed)} by {by.value}", 30 - cell_width(title[0]), muted)
    return line.gap(1).add("KINDS" if by is Grouping.STEP else "", muted).done()


def group_row(pen: Pen, row: GroupRow, by: Grouping) -> Text:
    """How many, which, what it means where there is room, what to do."""
    line = pen.line().cell(count(row.number), 6, pen.palette.bad, right=True).gap(2)
    if by is Grouping.MESSAGE:
        return _told(pen, line.foreign(row.label, max(20, pen.width - 40)).done(), row)
    line.foreign(row.label, LABEL)
    if pen.width >= EXPLAINED and by is Grouping.KIND:
        line.gap(1).foreign(meaning(row.kinds[0]), MEANING)
    words = advice(row.kinds[0]) if by is Grouping.KIND else ", ".join(row.kinds)
    room = pen.width - line.text.cell_len - 2
    return _told(pen, line.gap(1).foreign(words, max(10, room), pen.palette.muted).done(), row)


def _told(pen: Pen, line: Text, row: GroupRow) -> Text:
    """With how many were given up at the right edge."""
    if not row.given_up:
        return line
    words = f"{count(row.given_up)} given up"
    line.rstrip()
    line.truncate(pen.width - len(words) - 3, overflow="ellipsis")
    line.append(" " * max(2, pen.width - 1 - line.cell_len - len(words)))
    line.append(words, pen.palette.warn)
    return line


def look_into(pen: Pen, row: GroupRow, items: Sequence[FailedItem], room: int) -> list[Text]:
    """The first items of a group with what was said of them."""
    if room < 4:
        return []
    kind = row.kinds[0]
    title = pen.line().gap(1).foreign(row.label, min(40, len(row.label)), pen.palette.accent)
    title.gap(2).add(f"{meaning(kind)}: {advice(kind)}", pen.palette.muted)
    width = max(16, min(44, pen.width // 3))
    lines = [pen.blank(), title.done()]
    for item in items[: room - 3]:
        line = pen.line().gap(1).foreign(item.item_id, width, left=True).gap(2)
        said = f"given up: {item.message}" if item.given_up else item.message
        lines.append(line.foreign(said, max(10, pen.width - width - 5), pen.palette.muted).done())
    lines += [pen.blank()] * (room - 1 - len(lines))
    return [*lines, pen.plain(HINT, pen.palette.muted)]
