"""A fuzzer over the whole schema: whatever it allows, and much that it does not, is answered as the schema says."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tests.api.servers import SIMULATED, Server, serving

EXAMPLES = 25
NOT_ASKED = {"start": [positive_data_acceptance, negative_data_rejection], "retry": [positive_data_acceptance]}
"""What a job says together, and which items there are, is in no JSON Schema; a started job's provider is not the
fuzzer's."""

OPERATIONS = [
    ("GET", "/api/tasks"),
    ("POST", "/api/tasks/start"),
    ("GET", "/api/tasks/{task_id}/progress"),
    ("POST", "/api/tasks/{task_id}/resume"),
    ("POST", "/api/tasks/{task_id}/pause"),
    ("POST", "/api/tasks/{task_id}/stop"),
    ("POST", "/api/tasks/{task_id}/retry"),
    ("GET", "/api/tasks/{task_id}/failures"),
    ("GET", "/api/tasks/{task_id}/results"),
    ("GET", "/api/tasks/{task_id}/events"),
]
THERE = "there"
FAILED = "failed"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(
        tmp_path_factory.mktemp("fuzz"), "--max-items", "50", HOLYTUI_REDIS="redis://127.0.0.1:1/0"
    ) as running:
        failing = {"name": "simulator", "base_url": "simulator:?latency=0.01&fault=bad_request=1"}
        running.start(id=THERE)
        running.start(id=FAILED, provider=failing)
        running.wait(THERE, "completed")
        running.wait(FAILED, "completed_with_failures", "stopped")
        yield running


@pytest.fixture(scope="module")
def schema(server: Server) -> Any:
    return schemathesis.openapi.from_url(f"{server.address}/openapi.json")


def test_every_path_is_fuzzed(schema: Any) -> None:
    found = [found.ok() for found in schema.get_all_operations()]
    assert sorted((operation.method.upper(), operation.path) for operation in found) == sorted(OPERATIONS)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_whatever_is_sent_is_answered(
    server: Server, schema: Any, method: str, path: str, mode: GenerationMode
) -> None:
    operation = schema[path][method]
    if mode is GenerationMode.NEGATIVE and path == "/api/tasks":
        pytest.skip("it takes nothing that could be wrong")

    inside = {"Authorization": f"Bearer {server.token}"}

    @given(case=operation.as_strategy(mode, headers=inside), task=st.sampled_from([None, THERE, FAILED]))
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Any, task: str | None) -> None:
        if task is not None and case.path_parameters:
            case.path_parameters = {"task_id": THERE if path.endswith("/events") else task}
        if path.endswith("/start"):
            stay_at_home(case.body)
        response = case.call(headers=inside, timeout=60)
        assert response.status_code < 500 or response.status_code == 503, response.content
        if task is None or mode is GenerationMode.POSITIVE:  # what was mended is not wrong any more
            case.validate_response(response, excluded_checks=NOT_ASKED.get(path.rpartition("/")[2], []))

    ask()


def stay_at_home(body: Any) -> None:
    """No request leaves this machine: whoever would answer, the simulator does."""
    task = body.get("job", body) if isinstance(body, dict) else None
    if isinstance(task, dict) and isinstance(task.get("provider", {}), dict):
        task["provider"] = SIMULATED
