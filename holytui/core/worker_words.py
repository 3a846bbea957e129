"""What is said of workers: who is there, who is gone, what each has in flight; for screens and lines alike."""

from collections import Counter
from collections.abc import Iterator, Sequence

from holytui.core.display import cell_width, count, safe
from holytui.core.progress import Snapshot
from holytui.core.words import clock
from holytui.core.workers import LOCAL, WorkerSeen

NOBODY = "none there yet"
ALIVE, GONE = "●", "✗"
"""The words say it too."""

LEAST_ALIVE = 2
"""So many that are there are named before a name is spent on one that is gone: the gone can be counted."""

AND = " · "
LONGEST_HOST = 24


def on_workers(snapshot: Snapshot) -> bool:
    """Whether the job's items run on workers, or ran there last."""
    return snapshot.executor != LOCAL


def there_words(workers: Sequence[WorkerSeen]) -> str:
    """Who would take items: `3 there, 96 at once`."""
    alive = [worker for worker in workers if worker.alive]
    if not alive:
        return f"{NOBODY}; holytui worker starts one"
    return f"{count(len(alive))} there, {count(sum(worker.concurrency for worker in alive))} at once"


def number_words(workers: Sequence[WorkerSeen]) -> str:
    """How many: `3 workers`, `2 workers, 1 gone`."""
    if not workers:
        return f"workers: {NOBODY}"
    alive = sum(worker.alive for worker in workers)
    return f"{count(alive)} worker{'' if alive == 1 else 's'}{_gone(workers)}"


def sum_words(workers: Sequence[WorkerSeen]) -> str:
    """All of them together: `48 there, 2 gone, 1,520 in flight, 310/s`."""
    return f"{presence_words(workers)}{_load(workers)}"


def presence_words(workers: Sequence[WorkerSeen]) -> str:
    """How many are there, and how many are gone: `48 there, 2 gone`."""
    return f"{count(sum(worker.alive for worker in workers))} there{_gone(workers)}" if workers else NOBODY


def speed_words(workers: Sequence[WorkerSeen]) -> str:
    """Results a second of all that are there: `310/s`."""
    return f"{rate_words(sum(worker.rate_per_s for worker in workers if worker.alive))}/s"


def line_of(workers: Sequence[WorkerSeen], room: int) -> str:
    """What there is room for on one line: each by name where they fit, else the sums and some of them."""
    each = AND.join(_named(there_first(workers), workers))
    if cell_width(each) <= room:
        return each
    sums = number_words(workers) + _load(workers)
    left = room - cell_width(sums) - 3
    # The sums count the gone: where there is no room for that twice, those that are there are named.
    few = by_name(workers, left) or by_name([worker for worker in workers if worker.alive], left)
    return f"{sums}   {few}" if few else sums


def by_name(workers: Sequence[WorkerSeen], room: int) -> str:
    """As many by name as there are cells for, and how many more there are; empty where there is room for none.

    Those that are there come first. After some restarts most may be gone: of these one at most is named.
    """
    ordered = there_first(workers)
    words = _named(ordered, workers)
    alive = sum(worker.alive for worker in ordered)
    return next((told for told in _ways(words[:alive], words[alive:]) if cell_width(told) <= room), "")


def _ways(alive: Sequence[str], gone: Sequence[str]) -> Iterator[str]:
    """All, then ever fewer of those that are there beside one that is gone, then beside the number of the gone."""
    yield AND.join([*alive, *gone])
    if gone:
        for shown in range(len(alive), min(LEAST_ALIVE, len(alive)) - 1, -1):
            more = more_words(len(alive) - shown, len(gone) - 1)
            yield AND.join([*alive[:shown], gone[0], *([more] if more else [])])
    number = [f"{GONE} {count(len(gone))} gone"] if gone else []
    for shown in range(len(alive), 0, -1):
        more = more_words(len(alive) - shown, 0)
        yield AND.join([*alive[:shown], *([more] if more else []), *number])
    yield "" if alive else AND.join(number)


def more_words(alive: int, gone: int) -> str:
    """Those that are not named: `44 more`, `44 more, 1 gone`, `2 more gone`; empty where there is none."""
    if not alive:
        return f"{count(gone)} more gone" if gone else ""
    return f"{count(alive)} more" + (f", {count(gone)} gone" if gone else "")


def there_first(workers: Sequence[WorkerSeen]) -> list[WorkerSeen]:
    """Those that are gone last, else in their order."""
    return sorted(workers, key=lambda worker: not worker.alive)


def some_of(workers: Sequence[WorkerSeen], places: int) -> list[WorkerSeen]:
    """Whom to name in so many places, one of which says how many more there are where they are not enough."""
    ordered = there_first(workers)
    if len(ordered) <= places:
        return ordered
    alive = [worker for worker in ordered if worker.alive]
    gone = ordered[len(alive) :][:1]
    return [*alive[: places - 1 - len(gone)], *gone]


def labels(workers: Sequence[WorkerSeen]) -> dict[str, str]:
    """What to call each, by its name: its host, and where several run on one its pid too; made safe."""
    hosts = Counter(map(_host, workers))
    return {one.name: f"{_host(one)}:{one.pid}" if hosts[_host(one)] > 1 else _host(one) for one in workers}


def load_words(worker: WorkerSeen) -> str:
    """What one does: `31/32 14/s` of its requests at once, or `gone 02:14`."""
    if not worker.alive:
        return f"gone {clock(worker.seen_at)}"
    return f"{count(worker.in_flight)}/{count(worker.concurrency)} {rate_words(worker.rate_per_s)}/s"


def rate_words(per_s: float) -> str:
    """Results a second: `0.52`, `14`."""
    return f"{per_s:.2f}" if per_s < 10 else count(round(per_s))


def _named(workers: Sequence[WorkerSeen], among: Sequence[WorkerSeen]) -> list[str]:
    names = labels(among)
    return [f"{'' if one.alive else f'{GONE} '}{names[one.name]} {load_words(one)}" for one in workers]


def _host(worker: WorkerSeen) -> str:
    """Without the domain, which they mostly share."""
    return safe(worker.host.partition(".")[0] or worker.name, limit=LONGEST_HOST)


def _gone(workers: Sequence[WorkerSeen]) -> str:
    gone = sum(not worker.alive for worker in workers)
    return f", {count(gone)} gone" if gone else ""


def _load(workers: Sequence[WorkerSeen]) -> str:
    alive = [worker for worker in workers if worker.alive]
    if not alive:
        return ""
    return f", {count(sum(worker.in_flight for worker in alive))} in flight, {speed_words(alive)}"
