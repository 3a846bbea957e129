"""The snapshot's JSON is a contract; its live form survives a round trip."""

import json
from dataclasses import replace

from holytui.core.pricing import Money, MoneyKind, Usage
from holytui.core.progress import Counters, Eta, JobState, LogLine, ModelCost, Owner, Snapshot, Spend

FULL = Snapshot(
    job="j",
    name="J",
    state=JobState.RUNNING,
    reason="",
    counters=Counters(
        total=10,
        succeeded=3,
        failed=2,
        failures={"timeout.stall": 2},
        attempts=9,
        requests=11,
        tokens=Usage(100, 20, 5, 1),
        spend=Spend(computed=0.3, estimated=0.1),
        wasted=Spend(estimated=0.1),
        by_step={"s": Spend(computed=0.3)},
        steps_done={"s": 5},
        sessions=2,
        active_s=12.5,
    ),
    running=2,
    projected=Money(1.0, MoneyKind.ESTIMATED),
    projected_band=(0.9, 1.1),
    other_models=(ModelCost("m", 0.5),),
    budget_usd=5.0,
    elapsed_s=13.0,
    eta=Eta(1.0, 2.0, 3.0, "steady"),
    owner=Owner(1, "h", 2.0, 3.0, "u"),
    last_events=(LogLine("rate_limit", 1.0, 2.0, 3, "429"),),
    throughput=(1.0, 2.0),
    models=("m",),
)

CONTRACT = {
    "job", "name", "state", "reason", "wake_at", "total", "pending", "running", "succeeded", "failed",
    "failures", "attempts", "requests", "tokens", "cost", "wasted_usd", "projected_cost", "budget_usd",
    "elapsed_s", "eta_s", "rate_per_s", "concurrency", "sessions", "owner", "last_events",
}  # fmt: skip


def test_every_key_of_the_contract_is_there() -> None:
    assert set(FULL.to_json()) >= CONTRACT


def test_sums_add_up() -> None:
    data = FULL.to_json()
    assert data["total"] == data["pending"] + data["running"] + data["succeeded"] + data["failed"]
    assert sum(data["failures"].values()) == data["failed"]


def test_unknown_money_is_null_and_says_so() -> None:
    counters = replace(FULL.counters, spend=Spend(computed=0.3, unknown=1))
    data = replace(FULL, counters=counters).to_json()
    assert data["cost"] == {"usd": None, "kind": "unknown"}


def test_a_projection_says_how_far_it_may_be_off_and_what_other_models_would_cost() -> None:
    data = FULL.to_json()
    assert data["projected_cost"] == {"usd": 1.0, "kind": "estimated"}
    assert data["projected_band"] == {"low_usd": 0.9, "high_usd": 1.1}
    assert data["other_models"] == [{"model": "m", "usd": 0.5}]
    assert replace(FULL, projected_band=None).to_json()["projected_band"] is None


def test_times_are_utc_with_z() -> None:
    owner = FULL.to_json()["owner"]
    assert owner is not None
    assert owner["since"] == "1970-01-01T00:00:02.000Z"


def test_the_live_form_comes_back_whole() -> None:
    assert Snapshot.from_live(json.loads(json.dumps(FULL.to_live()))) == FULL
