"""What is done about failures: retry, retry with changes, accept, give up, undo; each asks before it spends."""

from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from holytui.core.command import Command, Selection, Verb
from holytui.core.display import about_usd, count, dollars, items_words, usd
from holytui.core.estimate_words import budget_note
from holytui.core.failures import RULES, TIMEOUTS, FailureKind
from holytui.core.progress import Snapshot
from holytui.core.spread import Range
from holytui.core.work import Overrides
from holytui.runs.desk import DeskError
from holytui.store.reader import Reader
from holytui.store.trouble import CheckpointError
from holytui.ui.draw.words import expected_cost
from holytui.ui.panels.panel import Chosen
from holytui.ui.screens.ask_line import AskLine
from holytui.ui.screens.dialogs import Choice, ChoiceDialog, KindTick, RetryDialog
from holytui.ui.screens.retry_with import RetryPlan, RetryWithDialog

if TYPE_CHECKING:
    from holytui.ui.app import HolytuiApp

NO = Choice("no", "no", "esc")
WIDER_CLOCK = 2.0
MORE_TOKENS = 2
P = ParamSpec("P")


Question = Callable[Concatenate["Triage", P], None]


def _told(question: Question[P]) -> Question[P]:
    """A question about a job that cannot be read says why instead."""

    def asked(triage: "Triage", /, *args: P.args, **more: P.kwargs) -> None:
        try:
            question(triage, *args, **more)
        except (DeskError, CheckpointError) as error:
            triage.app.say(str(error), bad=True)

    return wraps(question)(asked)


class Triage:
    """The questions about failures; holds no state."""

    def __init__(self, app: "HolytuiApp") -> None:
        self.app = app

    def _snapshot(self, job_id: str) -> Snapshot:
        return self.app.desk.view(job_id).snapshot()

    @_told
    def retry_by_kind(self, job_id: str) -> None:
        """All that failed, by kind, those ticked that may succeed another time."""
        failed = self._read(job_id, Reader.failures)
        groups = [group for group in failed if group.open]
        if not groups:
            self.app.say("all that failed is given up: u, or r on the item" if failed else "nothing failed")
            return
        ticks = []
        for group in groups:
            rule = RULES[FailureKind(group.kind)]
            ticks.append(KindTick(group.kind, group.open, group.retry_usd, not rule.same_again, rule.advice))
        numbers = {group.kind: group.open for group in groups}

        def answered(answer: tuple[tuple[str, ...], bool] | None) -> None:
            if answer is None:
                return
            kinds, with_changes = answer
            number = sum(numbers[kind] for kind in kinds)
            words = f"the {count(number)} {kinds[0]}" if len(kinds) == 1 else items_words(number)
            chosen = Chosen(Selection(kinds), number, number, words, kinds)
            if with_changes:
                self.retry_with(job_id, chosen)
            else:
                self._retry(job_id, chosen, Overrides())

        self.app.push_screen(
            RetryDialog(self.app.dialog_pen(), ticks, simulated=self._snapshot(job_id).simulated), answered
        )

    @_told
    def retry(self, job_id: str, chosen: Chosen) -> None:
        """What is chosen on a screen: marked items, a group of failures, or one item."""
        cost = expected_cost(self._snapshot(job_id), chosen.failed)
        dialog = ChoiceDialog(
            self.app.dialog_pen(), [f"Retry {chosen.words}, {cost}?", ""], [Choice("yes", "retry", "enter"), NO]
        )

        def answered(answer: str | None) -> None:
            if answer == "yes":
                self._retry(job_id, chosen, Overrides())

        self.app.push_screen(dialog, answered)

    @_told
    def retry_with(self, job_id: str, chosen: Chosen | None) -> None:
        """The same with another model, wider clocks, more tokens, or words added to the prompt."""
        snapshot = self._snapshot(job_id)
        chosen = chosen or _all_failed(snapshot)
        if not chosen.failed:
            self.app.say("nothing failed" if not snapshot.counters.failed else "this has not failed")
            return
        models = [*snapshot.models, *(other.model for other in snapshot.other_models)]
        tokens = self._read(job_id, _most_tokens)

        def cost(changes: Overrides) -> str:
            return f"{items_words(chosen.failed)}, {_cost_with(snapshot, chosen.failed, changes)}"

        plan = RetryPlan(chosen.words, _sensible(chosen.kinds, tokens), models, cost)

        def answered(changes: Overrides | None) -> None:
            if changes is not None:
                self._retry(job_id, chosen, changes)

        self.app.push_screen(RetryWithDialog(self.app.dialog_pen(), plan), answered)

    @_told
    def accept(self, job_id: str, chosen: Chosen | None) -> None:
        """Take partial answers as they are."""
        chosen = chosen or _all_failed(self._snapshot(job_id))
        if not chosen.failed:
            self.app.say("nothing here has failed")
            return
        sentences = [
            f"Accept the partial answers of {chosen.words}?",
            "Those that have one count as succeeded with it; steps that use it go on. u undoes.",
            "",
        ]
        dialog = ChoiceDialog(self.app.dialog_pen(), sentences, [Choice("yes", "accept", "enter"), NO])

        def answered(answer: str | None) -> None:
            if answer == "yes":
                self._apply(job_id, Command(Verb.ACCEPT, chosen.selection))

        self.app.push_screen(dialog, answered)

    @_told
    def give_up(self, job_id: str, chosen: Chosen | None) -> None:
        """Put failed items aside with a reason: they stay failed, and R leaves them out."""
        chosen = chosen or _all_failed(self._snapshot(job_id))
        if not chosen.failed:
            self.app.say("nothing here has failed")
            return
        sentences = [f"Give up {chosen.words}: they stay failed, and R leaves them out. Why?", ""]

        def answered(reason: str | None) -> None:
            if reason is not None:
                self._apply(job_id, Command(Verb.GIVE_UP, chosen.selection, reason=reason.strip()))

        self.app.push_screen(AskLine(self.app.dialog_pen(), sentences, verb="give up"), answered)

    def undo(self, job_id: str) -> None:
        """Take back the newest retry, accept or give up, as far as nothing was sent."""
        self._apply(job_id, Command(Verb.UNDO))

    @_told
    def budget(self, job_id: str) -> None:
        """Another budget for the job."""
        snapshot = self._snapshot(job_id)
        spent = usd(snapshot.counters.spend.money)
        now = "no budget" if snapshot.budget_usd is None else f"a budget of {dollars(snapshot.budget_usd)}"
        sentences = [f"{snapshot.name} has {now}; {spent} is spent. The budget from now on, in USD:", ""]
        value = "" if snapshot.budget_usd is None else f"{snapshot.budget_usd:g}"

        def answered(text: str | None) -> None:
            if text is not None:
                self._apply(job_id, Command(Verb.BUDGET, budget_usd=amount_of(text)))

        def note(text: str) -> str:
            return budget_note(amount_of(text), snapshot.counters.spend.money.usd, _at_the_end(snapshot))

        dialog = AskLine(self.app.dialog_pen(), sentences, value=value, check=no_amount, note=note)
        self.app.push_screen(dialog, answered)

    def _retry(self, job_id: str, chosen: Chosen, changes: Overrides) -> None:
        command = Command(Verb.RETRY, chosen.selection, changes)
        try:
            snapshot = self._snapshot(job_id)
            cost = _cost_with(snapshot, chosen.failed, changes)
            items = items_words(chosen.failed)
            done = f"{items} retried, {cost}   u undoes"
            if snapshot.owner is None:
                self.app.retry(job_id, command, done)
            else:
                self.app.desk.view(job_id).send(command)
                self.app.say(done)
        except (DeskError, CheckpointError) as error:
            self.app.say(str(error), bad=True)

    def _apply(self, job_id: str, command: Command) -> None:
        """Off the loop: it waits for the job's owner, or for its lock."""

        def work() -> None:
            try:
                done = self.app.desk.triage(job_id, command)
            except DeskError as error:
                self.app.call_from_thread(partial(self.app.say, str(error), bad=True))
            else:
                self.app.call_from_thread(self.app.say, done)

        self.app.run_worker(work, thread=True, exit_on_error=False, group="triage")

    def _read(self, job_id: str, read: Callable[[Reader], Any]) -> Any:
        reader = self.app.desk.reader(job_id)
        try:
            return read(reader)
        finally:
            reader.close()


def amount_of(text: str) -> float:
    """An amount of USD as people write it.

    Raises:
        ValueError: it is none.
    """
    return float(text.strip().lstrip("$"))


def no_amount(text: str) -> str:
    """What is wrong with an amount of USD; empty for nothing."""
    try:
        amount = amount_of(text)
    except ValueError:
        return "an amount in USD, such as 5 or 12.50"
    return "" if 0 < amount < 1e9 else "an amount above 0"


def _at_the_end(snapshot: Snapshot) -> Range | None:
    """What the job will have cost, as far as its answers tell."""
    projected = snapshot.projected.usd
    low, high = snapshot.projected_band or (projected, projected)
    if low is None or high is None or not snapshot.pending:
        return None
    return Range(low, high if projected is None else projected, high)


def _all_failed(snapshot: Snapshot) -> Chosen:
    failed, kinds = snapshot.counters.failed, tuple(snapshot.counters.failures)
    return Chosen(Selection(everything=True), failed, failed, f"all {count(failed)} failed items", kinds)


def _sensible(kinds: tuple[str, ...], tokens: int | None) -> Overrides:
    """What to change so that these kinds may succeed."""
    known = {FailureKind(kind) for kind in kinds}
    if known and known <= TIMEOUTS:
        return Overrides(clock_factor=WIDER_CLOCK)
    if known == {FailureKind.TRUNCATED} and tokens is not None:
        return Overrides(max_tokens=MORE_TOKENS * tokens)
    return Overrides()


def _most_tokens(reader: Reader) -> int | None:
    """The largest `max_tokens` of the job's steps."""
    return max((step["max_tokens"] for step in reader.steps() if step.get("max_tokens")), default=None)


def _cost_with(snapshot: Snapshot, items: int, changes: Overrides) -> str:
    """What so many items will cost with these changes, by what the others did."""
    if changes.model is None or changes.model in snapshot.models[:1] or snapshot.simulated:
        return expected_cost(snapshot, items)
    other = next((other.usd for other in snapshot.other_models if other.model == changes.model), None)
    if other is None or not snapshot.counters.total:
        return f"cost on {changes.model[:40]} not known"
    return about_usd(other / snapshot.counters.total * items)
