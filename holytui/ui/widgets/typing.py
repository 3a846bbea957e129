"""Where one types: a line and a block of text, both safe to show whatever stands in them."""

from rich.highlighter import Highlighter
from rich.text import Text
from textual.events import Key
from textual.suggester import Suggester
from textual.widgets import Input, TextArea

from holytui.core.display import safe_in_place


class _Safe(Highlighter):
    """Shows signs in the place of what a terminal would obey."""

    def highlight(self, text: Text) -> None:
        text.plain = safe_in_place(text.plain)


class TypedLine(Input):
    """One line; its value stays exactly as it is typed or given."""

    def __init__(
        self,
        value: str,
        *,
        id: str,  # noqa: A002  # Textual's name
        placeholder: str = "",
        suggester: Suggester | None = None,
        secret: bool = False,
    ) -> None:
        super().__init__(
            value,
            id=id,
            placeholder=placeholder,
            suggester=suggester,
            password=secret,
            highlighter=_Safe(),
            compact=True,
            select_on_focus=False,
        )


class TypedText(TextArea):
    """Many lines; its text stays exactly as it is typed or given. Escape is the screen's."""

    def get_line(self, line_index: int) -> Text:
        line = super().get_line(line_index)
        return Text(safe_in_place(line.plain), end="", no_wrap=True)

    async def _on_key(self, event: Key) -> None:
        if event.key != "escape":
            await super()._on_key(event)
        else:
            event.prevent_default()  # Textual would call the base's handler, which goes to the next widget
