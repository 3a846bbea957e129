"""What docs/http.md says is so: its paths, its limits, its session as it stands there."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from holytui.api import app, attempts, login, streams, web
from holytui.api.paths import DID
from holytui.cli.serve import PORT
from holytui.core.item_json import ItemEventJson
from tests.api.servers import serving
from tests.api.test_fuzz import OPERATIONS
from tests.processes import environment

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "http.md").read_text(encoding="utf-8")


def test_every_path_is_told() -> None:
    section = TEXT.split("## Paths")[1].split("## ")[0]
    told = set()
    for method, path, more in re.findall(r"\| `(GET|POST) (/\S+?)`(?:, `(/\S+)`)?", section):
        short = path.replace("{id}", "{task_id}")
        told.add((method, short))
        if more:
            told.add((method, short.rpartition("/")[0] + more))
    assert told == set(OPERATIONS)


def test_its_numbers_are_those_of_the_code() -> None:
    flat = " ".join(TEXT.split())
    for words in (
        f"http://127.0.0.1:{PORT}",
        f"up to {app.MOST_BODY_MB} MB",
        f"{app.MOST_ITEMS:,} items a task",
        f"{streams.MOST} event streams",
        f"`{DID}`",
        f"a /{attempts.V6_NETWORK} network",
    ):
        assert words in flat, words
    assert (attempts.MOST, attempts.WINDOW_S, web.MOST_PAGES, login.LASTS_S) == (10, 60, 8, 12 * 3600)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_its_session_is_one(tmp_path: Path) -> None:
    session = TEXT.split("## A session")[1].split("```sh\n")[1].split("```")[0]
    session = session.replace('"name": "Short texts"', '"name": "Short texts", "provider": {"name": "simulator"}')
    with serving(tmp_path) as server:
        session = re.sub(r"^TOKEN=.*$", f"TOKEN=$(cat '{tmp_path}/settings/http-token')", session, flags=re.MULTILINE)
        session = session.replace(f"http://127.0.0.1:{PORT}", server.address).replace("curl ", "curl -sS --fail ")
        done = subprocess.run(
            ["sh", "-e", "-c", session], capture_output=True, text=True, timeout=60, check=False, env=environment()
        )
        assert done.returncode == 0, done.stderr
        assert "event: finished" in done.stdout
        assert [item["status"] for item in server.results("short-texts")] == ["succeeded"] * 2


def test_the_schema_has_what_events_and_headers_hold(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        told = server.get("/openapi.json")
    for path, methods in told["paths"].items():
        for answer in (a for method, m in methods.items() if method == "post" for a in m["responses"].items()):
            assert (DID in answer[1].get("headers", {})) is (answer[0] in {"200", "201"}), path
    events = told["paths"]["/api/tasks/{task_id}/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    for each in events["schema"]["properties"]["data"]["contentSchema"]["anyOf"]:
        assert each["$ref"].rpartition("/")[2] in told["components"]["schemas"]
    item = told["components"]["schemas"]["ItemEventJson"]
    assert set(item["properties"]) == {*ItemEventJson.__annotations__}
