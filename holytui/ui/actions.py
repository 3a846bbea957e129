"""Every key of the terminal UI: one registry feeds bindings, footer, help and the README's table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from textual.binding import Binding, BindingType

JOBS, PREFLIGHT, RUN, ITEM = "jobs", "preflight", "run", "item"
FAILURES, ITEMS, MAP = "failures", "items", "map"
"""Panels of the run screen with keys of their own."""

NEW_JOB, EDITOR = "new job", "editor"
"""Screens where one types: letters are text there."""

EVERYWHERE = (JOBS, PREFLIGHT, RUN, ITEM, NEW_JOB, EDITOR)
LISTS = (JOBS, PREFLIGHT, RUN, ITEM)


@dataclass(frozen=True, slots=True)
class Action:
    """Something a key does.

    Attributes:
        id: also the method `action_<id>` of the screens it belongs to, and the name to remap it by.
        keys: as Textual names them.
        label: the verb in the footer; empty: not shown there.
        help: what the help screen and the README say.
        screens: where it works.
    """

    id: str
    keys: tuple[str, ...]
    label: str
    help: str
    screens: tuple[str, ...] = EVERYWHERE


ACTIONS: tuple[Action, ...] = (
    Action("open", ("enter",), "open", "open; in preflight: run", (JOBS, PREFLIGHT, RUN)),
    Action("back", ("escape",), "back", "close, clear the filter, go back; never quits"),
    Action("new", ("n",), "new", "a new job, from a folder, a file or a sample", (JOBS,)),
    Action("save", ("ctrl+s",), "save", "write the job file; of a new job: then look at it", (NEW_JOB, EDITOR)),
    Action("pause", ("p",), "pause", "pause, resume", (JOBS, RUN)),
    Action("retry", ("r",), "retry", "retry what failed here, or the job's failures", (JOBS, RUN, ITEM)),
    Action("retry_all", ("R",), "retry failed", "retry all failed, by kind", (JOBS, RUN)),
    Action("retry_with", ("e",), "retry with", "retry with another model, clock or tokens", (RUN, ITEM)),
    Action("accept", ("A",), "", "accept partial answers as they are", (RUN, ITEM)),
    Action("give_up", ("X",), "", "give failed items up, with a reason", (RUN, ITEM)),
    Action("undo", ("u",), "", "undo retry, accept, give up, delete, rename", (JOBS, RUN, ITEM)),
    Action("rename", ("m",), "rename", "rename the job", (JOBS,)),
    Action("duplicate", ("c",), "copy", "a new job like this one, with nothing done", (JOBS,)),
    Action("delete", ("d", "delete"), "delete", "move the job into the trash, after asking", (JOBS,)),
    Action("budget", ("b",), "budget", "another budget", (PREFLIGHT, RUN)),
    Action("executor", ("c",), "workers", "where it runs: here, or on workers", (PREFLIGHT,)),
    Action("stop", ("x",), "stop", "stop, after asking", (JOBS, RUN)),
    Action("detach", ("D",), "detach", "let it run on in the background", (JOBS, RUN)),
    Action("more", ("plus",), "", "more requests in flight at most", (RUN,)),
    Action("fewer", ("minus",), "", "fewer requests in flight at most", (RUN,)),
    Action("export", ("w",), "export", "export the answers; in an item: save this text", (JOBS, RUN, ITEM)),
    Action("copy", ("y",), "copy", "copy this text to the terminal's clipboard", (ITEM,)),
    Action("page", ("o",), "pager", "open this text in $PAGER", (ITEM,)),
    Action("filter", ("slash",), "filter", "filter as you type", (JOBS, RUN)),
    Action("regroup", ("s",), "", "group failures by kind, message or step", (FAILURES,)),
    Action("mark", ("space",), "", "mark, and go to the next", (ITEMS,)),
    Action("mark_all", ("a",), "", "mark all that are shown", (ITEMS,)),
    Action("sort", ("s",), "sort", "sort by the next column", (JOBS, ITEMS)),
    Action("reverse", ("S",), "", "sort the other way round", (JOBS, ITEMS)),
    # Before `up`, whose key it takes where there is no key.
    Action("paste_key", ("k",), "paste key", "paste an API key for this session only", (PREFLIGHT,)),
    Action("left", ("h", "left"), "", "to the left", (MAP, ITEM)),
    Action("right", ("l", "right"), "", "to the right", (MAP, ITEM)),
    Action("down", ("j", "down"), "", "down", LISTS),
    Action("up", ("k", "up"), "", "up", LISTS),
    Action("top", ("g", "home"), "", "to the top", LISTS),
    Action("bottom", ("G", "end"), "", "to the end", LISTS),
    Action("page_down", ("ctrl+d", "pagedown"), "", "half a page down", LISTS),
    Action("page_up", ("ctrl+u", "pageup"), "", "half a page up", LISTS),
    Action("panel_1", ("1",), "", "panel 1: live; in an item: prompt", (RUN, ITEM)),
    Action("panel_2", ("2",), "", "panel 2: failures; in an item: answer", (RUN, ITEM)),
    Action("panel_3", ("3",), "", "panel 3: items; in an item: raw", (RUN, ITEM)),
    Action("panel_4", ("4",), "", "panel 4: map; in an item: request", (RUN, ITEM)),
    Action("panel_5", ("5",), "", "panel 5: log", (RUN,)),
    Action("next_panel", ("tab",), "", "next panel", (RUN, ITEM)),
    Action("zoom", ("z",), "", "give a panel the whole screen, and back", (RUN,)),
    Action("next_failure", ("n",), "failure", "next failure", (ITEM, ITEMS, MAP)),
    Action("previous_failure", ("N",), "", "previous failure", (ITEM, ITEMS, MAP)),
    Action("next_item", ("right_square_bracket",), "item", "next item", (ITEM,)),
    Action("previous_item", ("left_square_bracket",), "", "previous item", (ITEM,)),
    Action("next_job", ("right_square_bracket",), "", "next job that runs, or of the list", (RUN,)),
    Action("previous_job", ("left_square_bracket",), "", "previous job that runs, or of the list", (RUN,)),
    Action("first", ("f",), "first 10", "run ten items first, for better numbers", (PREFLIGHT,)),
    Action("prompts", ("v",), "prompts", "show the first prompts", (PREFLIGHT,)),
    Action("edit", ("E",), "edit", "edit the job file, in $EDITOR if it is set", (JOBS, PREFLIGHT, RUN)),
    Action("palette", ("colon", "ctrl+p"), "", "commands, jobs, themes, by a few letters"),
    Action("theme", ("T",), "", "themes, each tried on under the cursor"),
    Action("help", ("question_mark",), "help", "every key"),
    Action("redraw", ("ctrl+l",), "", "paint the screen anew"),
    Action("quit", ("q",), "quit", "quit; asks while a job runs"),
    Action("suspend", ("ctrl+z",), "", "to the shell; fg comes back"),
    Action("force_quit", ("ctrl+c",), "", "quit; a second time: stop safely and quit"),
)

APP_ACTIONS = frozenset({"help", "quit", "force_quit", "theme", "palette", "suspend", "redraw"})
"""These live on the app; all others on the screen they are listed for."""

SHOWN = {
    "slash": "/",
    "colon": ":",
    "question_mark": "?",
    "escape": "esc",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "plus": "+",
    "minus": "-",
    "down": "↓",
    "up": "↑",
}


def shown(key: str) -> str:
    """A key as people write it."""
    return SHOWN.get(key, key)


def bindings(screen: str) -> list[BindingType]:
    """The bindings of a screen; a user's keymap goes by their ids."""
    return [_binding(action) for action in ACTIONS if screen in action.screens and action.id not in APP_ACTIONS]


def app_bindings() -> list[BindingType]:
    """The bindings that work everywhere; ctrl+c wins over whatever has the focus."""
    return [_binding(action) for action in ACTIONS if action.id in APP_ACTIONS]


def _binding(action: Action) -> Binding:
    return Binding(
        ",".join(action.keys),
        action.id,
        action.label or action.help,
        show=False,
        priority=action.id == "force_quit",
        id=action.id,
        tooltip=action.help,
    )


def of_screen(screen: str) -> list[Action]:
    """What works on a screen, in the registry's order."""
    return [action for action in ACTIONS if screen in action.screens]


def keys_of(action: Action, keymap: Mapping[str, str]) -> list[str]:
    """The keys of an action as people write them; a user's keymap goes first, and takes keys away from others.

    Args:
        action: of the registry.
        keymap: keys by action id, comma-separated.
    """
    own = keymap.get(action.id)
    if own:
        return [shown(key) for key in own.split(",")]
    taken = {
        key
        for other in ACTIONS
        if other is not action and set(other.screens) & set(action.screens)
        for key in keymap.get(other.id, "").split(",")
    }
    return [shown(key) for key in action.keys if key not in taken]


def key_of(action_id: str, keymap: Mapping[str, str]) -> str:
    """The first of them; empty where another action of the user's keymap has it."""
    return next(iter(keys_of(next(action for action in ACTIONS if action.id == action_id), keymap)), "")


def unknown_actions(ids: Iterable[str]) -> list[str]:
    """A sentence for each id of a keymap that no action has."""
    known = [action.id for action in ACTIONS]
    sentences = []
    for name in ids:
        if name not in known:
            near = get_close_matches(name.rpartition(".")[2], known, n=1)
            hint = f"; did you mean {near[0]}?" if near else "; the ids stand beside the keys in the help (?)"
            sentences.append(f'keymap: no action is called "{name}"{hint}')
    return sentences


def keys_table(actions: Iterable[Action] = ACTIONS) -> str:
    """The registry as a Markdown table, for the README."""
    lines = ["| key | does | where | id |", "| --- | --- | --- | --- |"]
    for action in actions:
        keys = " ".join(f"`{shown(key)}`" for key in action.keys)
        where = "everywhere" if action.screens == EVERYWHERE else ", ".join(action.screens)
        lines.append(f"| {keys} | {action.help} | {where} | {action.id} |")
    return "\n".join(lines)
