"""A job on workers: every item once, whoever comes and goes."""

import json
import signal
import time
from pathlib import Path

from tests.distributed.cluster import Cluster, cluster
from tests.forkserver import Forked
from tests.processes import holytui, kill, wait_until


def test_two_workers_do_a_job_and_leave_nothing_behind(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "0.3", source="count = 200") as built:
        built.worker()
        built.worker()
        owner = built.run()
        wait_until(lambda: built.provider.count() > 0, "the first answer")
        wait_until(lambda: sum(worker["in_flight"] for worker in built.status()["workers"]) > 0, "both at work")
        seen = built.status()
        assert owner.wait(60) == 0
        final = built.status()
        assert [worker["alive"] for worker in seen["workers"]] == [True, True]
        assert sum(worker["share"] for worker in seen["workers"]) == 16
        assert seen["executor"] == "celery"
        assert (final["state"], final["succeeded"], final["requests"]) == ("completed", 200, 200)
        assert sorted(built.provider.answered().values()) == [1] * 200
        ours = built.redis.keys("holytui:*")
        left = [key for key in ours if key.split(":")[1] not in {"celery", "worker", "workers"} and ":at:" not in key]
        assert left == []


def test_a_killed_workers_items_run_elsewhere(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "0.4", source="count = 200") as built:
        doomed = built.worker()
        built.worker()
        owner = built.run()
        wait_until(lambda: built.provider.count() > 30, "the job under way")
        kill(doomed)
        killed = time.monotonic()
        assert owner.wait(60) == 0
        assert time.monotonic() - killed < 40
        assert built.status()["succeeded"] == 200
        assert built.answered_twice() <= 8  # its share of what was in flight


def test_a_worker_that_is_told_to_end_asks_nothing_twice(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "0.4", source="count = 120") as built:
        leaving = built.worker()
        built.worker()
        owner = built.run()
        wait_until(lambda: built.provider.count() > 30, "the job under way")
        leaving.send_signal(signal.SIGTERM)
        assert leaving.wait(20) == 0
        assert owner.wait(60) == 0
        assert built.status()["succeeded"] == 120
        assert built.answered_twice() == 0


def test_what_was_answered_while_nobody_owned_the_job_is_recorded_at_resume(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "0.5", source="count = 100") as built:
        built.worker()
        owner = built.run()
        wait_until(lambda: built.provider.count() > 30, "the job under way")
        kill(owner)
        before = built.status()["succeeded"]
        wait_until_idle(built)
        answered = built.provider.count()
        assert answered > before
        done = built.run_to_its_end()
        assert done.returncode == 0, done.stderr
        assert built.status()["succeeded"] == 100
        assert built.status()["requests"] == 100
        assert built.answered_twice() == 0


def wait_until_idle(built: Cluster) -> None:
    """Until the workers have had nothing in hand for a second: what was sent to them has arrived by then."""
    idle_since = time.monotonic()

    def idle() -> bool:
        nonlocal idle_since
        if _has_slices(built):
            idle_since = time.monotonic()
        return time.monotonic() - idle_since > 1.0

    wait_until(idle, "the workers are done with what they had")


def test_resumed_at_once_the_next_owner_waits_for_what_is_out(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "1.0", source="count = 60") as built:
        built.worker()
        owner = built.run()
        wait_until(lambda: built.provider.count() > 10, "the job under way")
        kill(owner)
        done = built.run_to_its_end()
        assert done.returncode == 0, done.stderr
        assert built.status()["succeeded"] == 60
        assert built.answered_twice() == 0


def test_redis_is_killed_and_comes_back(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "0.4", source="count = 200") as built:
        built.worker()
        built.worker()
        owner = built.run()
        wait_until(lambda: built.provider.count() > 40, "the job under way")
        built.redis.kill()
        wait_until(lambda: "does not answer" in (built.status()["activity"] or ""), "the job says so")
        assert built.status()["state"] == "running"
        built.redis.start()
        assert owner.wait(90) == 0
        final = built.status()
        assert (final["succeeded"], final["failed"]) == (200, 0)
        assert built.answered_twice() == 0
        told = " ".join(event["text"] for event in final["last_events"])
        assert "answers again" in told


def told_to_end_without_redis(built: Cluster) -> tuple[Forked, Forked]:
    """A worker that has answers, and nobody to give them to; and the owner."""
    says = built.folder / "worker.txt"
    leaving = built.worker(says=says)
    owner = built.run()
    wait_until(lambda: built.provider.count() > 30, "the job under way")
    built.redis.kill()
    leaving.send_signal(signal.SIGTERM)
    wait_until(lambda: "waits for Redis" in says.read_text(), "it waits with its answers")
    return leaving, owner


def test_a_worker_that_is_told_to_end_while_redis_is_away_keeps_its_answers_for_it(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "0.4", source="count = 120") as built:
        leaving, owner = told_to_end_without_redis(built)
        assert leaving.poll() is None
        built.redis.start()
        assert leaving.wait(30) == 0
        built.worker()
        assert owner.wait(60) == 0
        assert built.status()["succeeded"] == 120
        assert built.answered_twice() == 0


def test_a_worker_that_is_told_twice_ends_without_redis(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "0.4", source="count = 120") as built:
        leaving, owner = told_to_end_without_redis(built)
        leaving.send_signal(signal.SIGTERM)
        assert leaving.wait(15) == 0
        kill(owner)


def test_a_job_that_goes_on_here_takes_over_what_workers_had_finished(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "0.5", source="count = 100") as built:
        built.worker()
        owner = built.run()
        wait_until(lambda: built.provider.count() > 20, "the job under way")
        kill(owner)
        wait_until_idle(built)
        flags = ["--headless", "--executor", "local", "--base-url", built.provider.url]
        done = holytui("run", built.job, *flags, cwd=built.folder, HOLYTUI_REDIS=built.redis.url)
        assert done.returncode == 0, done.stderr
        after = built.status()
        assert (after["succeeded"], after["requests"], after["executor"]) == (100, 100, "local")
        assert built.answered_twice() == 0
        assert not any(built.redis.client().xlen(key) for key in built.redis.keys("holytui:*:out"))


def test_a_worker_that_slept_lets_go_of_what_runs_elsewhere_by_now(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "0.4", source="count = 200") as built:
        asleep = built.worker()
        built.worker()
        owner = built.run()
        wait_until(lambda: built.provider.count() > 30, "the job under way")
        asleep.send_signal(signal.SIGSTOP)
        wait_until(lambda: built.status()["state"] == "completed", "the other one has done it all")
        asleep.send_signal(signal.SIGCONT)
        assert owner.wait(60) == 0
        assert built.status()["succeeded"] == 200
        assert built.answered_twice() <= 8 + 8  # in flight there at the stop, and again when it woke
        wait_until(lambda: not _has_slices(built), "it let go")
        asleep.send_signal(signal.SIGTERM)
        assert asleep.wait(20) == 0


def _has_slices(built: Cluster) -> bool:
    return any(b'"slices":["' in (built.redis.client().get(key) or b"") for key in built.redis.keys("holytui:*:at:*"))


def test_redis_forgets_everything_and_the_job_goes_on(tmp_path: Path) -> None:
    options = ["--appendonly", "no"]
    with cluster(tmp_path, "--latency", "0.4", source="count = 200") as built:
        built.redis.options = options
        built.redis.stop()
        built.redis.start()
        built.worker()
        built.worker()
        owner = built.run()
        wait_until(lambda: built.provider.count() > 40, "the job under way")
        built.redis.kill()
        built.redis.start()
        assert owner.wait(90) == 0
        assert built.status()["succeeded"] == 200
        assert built.answered_twice() <= 16  # answers that had reached Redis, but not yet the owner


def test_nothing_is_said_to_be_in_flight_when_the_job_is_over(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "0.2", source="count = 30") as built:
        built.worker()
        done = built.run_to_its_end("--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout.splitlines()[-1])["requests_in_flight"] == 0


def test_nothing_of_a_killed_worker_stays_in_redis(tmp_path: Path) -> None:
    with cluster(tmp_path, "--latency", "0.5", source="count = 100") as built:
        doomed = built.worker()
        built.worker()
        owner = built.run()
        wait_until(lambda: built.provider.count() > 30, "the job under way")
        kill(doomed)
        assert owner.wait(60) == 0
        redis = built.redis.client()
        wait_until(lambda: not redis.hlen("holytui:celery:unacked"), "nothing unacknowledged is left")
        assert not redis.zcard("holytui:celery:unacked_index")
        assert [key for key in built.redis.keys("holytui:celery:holytui.*") if redis.llen(key)] == []
