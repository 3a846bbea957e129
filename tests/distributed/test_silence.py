"""Who says nothing, and for how long: silence is judged by those who listened, and nothing else is called silence."""

import signal
import time
from pathlib import Path

from holytui.distributed.lost import ARRIVES_S
from holytui.distributed.roster import LOST_S
from tests.distributed.cluster import Cluster, cluster
from tests.faults.troubled import Does, Troubled, troubled
from tests.forkserver import Forked
from tests.processes import kill, wait_until

SILENT = "says nothing any more"
SLOW_S = LOST_S + 10.0
"""An answer that takes much longer than a worker may be silent."""
PATIENT = "timeouts = { attempt = 60, first_token = 60, stall = 60 }"


def told(built: Cluster) -> str:
    """What the job tells of itself."""
    return " ".join(event["text"] for event in built.status()["last_events"])


def name_of(built: Cluster, worker: Forked) -> str:
    """As the worker calls itself."""
    (key,) = built.redis.keys(f"holytui:worker:*-{worker.pid}-*")
    return key.removeprefix("holytui:worker:")


def waiting_for(built: Cluster, name: str) -> int:
    """Slices in a worker's queue."""
    return int(built.redis.client().llen(f"holytui:celery:holytui.{name}"))


def test_an_owner_that_was_stopped_has_heard_nothing_and_asks_nothing_again(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "0.4", source="count = 200") as built:
        built.worker()
        built.worker()
        owner = built.run()
        wait_until(lambda: built.provider.count() > 40, "the job under way")
        owner.send_signal(signal.SIGSTOP)
        stopped = time.monotonic()
        wait_until(lambda: time.monotonic() - stopped > LOST_S + 2.0, "longer than a worker may be silent")
        owner.send_signal(signal.SIGCONT)
        assert owner.wait(60) == 0
        assert built.status()["succeeded"] == 200
        assert built.answered_twice() == 0
        assert SILENT not in told(built)
        assert "does not answer" not in told(built)  # its own clock at the socket ran out, that is all


def test_what_workers_have_of_an_earlier_session_is_waited_for_however_long_it_takes(tmp_path: Path) -> None:
    def mood(provider: Troubled, prompt: str) -> Does:
        return Does(seconds=SLOW_S if len(provider.seen) < 6 else 0.3)

    with (
        troubled(mood) as provider,
        cluster(tmp_path, source="count = 80", run=["concurrency = 16"], job={"step": [PATIENT]}) as built,
    ):
        built.worker()
        owner = built.run("--base-url", provider.url)
        wait_until(lambda: len(provider.answered) > 10, "slow ones are in flight, quick ones answered")
        kill(owner)
        done = built.run_to_its_end("--base-url", provider.url)
        assert done.returncode == 0, done.stderr
        assert built.status()["succeeded"] == 80
        assert len(provider.seen) == 80
        assert max(seen.in_flight for seen in provider.seen) <= 16  # both sessions together
        assert SILENT not in told(built)


def test_a_new_owner_listens_before_it_gives_up_a_worker_that_it_finds_no_sign_of(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "1.0", source="count = 60") as built:
        worker = built.worker()
        owner = built.run()
        wait_until(lambda: built.provider.count() > 10, "the job under way")
        worker.send_signal(signal.SIGSTOP)
        kill(owner)
        # As after an outage of Redis that was longer than it keeps signs of life.
        built.redis.client().delete("holytui:workers", *built.redis.keys("holytui:worker:*"))
        again = built.run()
        wait_until(lambda: told(built).count("started: ") == 2, "the next owner at work")
        worker.send_signal(signal.SIGCONT)
        assert again.wait(60) == 0
        assert built.status()["succeeded"] == 60
        assert built.answered_twice() == 0, told(built)
        assert SILENT not in told(built)


def test_a_job_whose_worker_is_really_gone_goes_on_soon_after_its_resume(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "0.5", source="count = 60") as built:
        doomed = built.worker()
        owner = built.run()
        wait_until(lambda: built.provider.count() > 10, "the job under way")
        kill(owner)
        kill(doomed)
        built.worker()
        resumed = time.monotonic()
        done = built.run_to_its_end()
        assert done.returncode == 0, done.stderr
        assert time.monotonic() - resumed < 30
        assert built.status()["succeeded"] == 60
        assert SILENT in told(built)


def test_a_slice_that_never_arrived_is_no_silent_worker(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "0.3", source="count = 120", run=["concurrency = 64"]) as built:
        worker = built.worker("--concurrency", "64")
        name = name_of(built, worker)
        worker.send_signal(signal.SIGSTOP)
        owner = built.run()
        wait_until(lambda: waiting_for(built, name) > 0, "slices wait for it")
        built.redis.client().delete(f"holytui:celery:holytui.{name}")
        worker.send_signal(signal.SIGCONT)
        lost = time.monotonic()
        assert owner.wait(60) == 0
        assert time.monotonic() - lost < ARRIVES_S + LOST_S / 2
        assert built.status()["succeeded"] == 120
        assert built.answered_twice() == 0
        assert "never got what was sent to it" in told(built)
        assert SILENT not in told(built)


def test_what_was_on_its_way_to_a_worker_that_ended_runs_elsewhere_at_once(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "0.3", source="count = 120", run=["concurrency = 64"]) as built:
        leaving = built.worker("--concurrency", "64")
        name = name_of(built, leaving)
        leaving.send_signal(signal.SIGSTOP)
        owner = built.run()
        wait_until(lambda: waiting_for(built, name) > 0, "slices wait for it")
        leaving.send_signal(signal.SIGTERM)
        leaving.send_signal(signal.SIGCONT)
        assert leaving.wait(30) == 0
        ended = time.monotonic()
        built.worker("--concurrency", "64")
        assert owner.wait(60) == 0
        assert time.monotonic() - ended < LOST_S
        assert built.status()["succeeded"] == 120
        assert built.answered_twice() == 0
        assert SILENT not in told(built)


def test_what_is_told_of_a_job_that_is_over_goes_by_itself(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "2.0", source="count = 60") as built:
        asleep = built.worker()
        built.worker()
        owner = built.run()
        wait_until(lambda: bool(_of_job(built, "slices")), "slices are out")
        wait_until(lambda: sum(one["in_flight"] > 0 for one in built.status()["workers"]) == 2, "both at work")
        asleep.send_signal(signal.SIGSTOP)
        assert owner.wait(60) == 0
        assert built.redis.keys("holytui:*:out") == []
        asleep.send_signal(signal.SIGCONT)
        asleep.send_signal(signal.SIGTERM)
        assert asleep.wait(40) == 0, "by now it has told what it had, if it was not told before to let go of it"
        redis = built.redis.client()

        def kept() -> list[str]:
            """Keys of the job that would stay for ever."""
            found = [key for part in ("spec", "orders", "slices", "gone", "out") for key in _of_job(built, part)]
            return [key for key in found if redis.ttl(key) == -1]

        wait_until(lambda: kept() == [], "nothing of the job stays for ever")
        assert _of_job(built, "spec") == []


def _of_job(built: Cluster, part: str) -> list[str]:
    return built.redis.keys(f"holytui:*:{part}")


def test_workers_tell_a_redis_that_forgot_which_slices_they_have(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "2.0", source="count = 60") as built:
        worker = built.worker()
        owner = built.run()
        wait_until(lambda: bool(_of_job(built, "slices")), "slices are out")
        wait_until(lambda: any(one["in_flight"] for one in built.status()["workers"]), "they are in hand")
        kill(owner)
        worker.send_signal(signal.SIGSTOP)
        built.redis.kill()
        built.redis.start()
        built.redis.client().delete(*_of_job(built, "slices"))  # a Redis that is killed may lose its last second
        again = built.run()
        worker.send_signal(signal.SIGCONT)
        assert again.wait(60) == 0
        assert built.status()["succeeded"] == 60
        assert built.answered_twice() == 0
