"""The simulated provider: a real HTTP server on loopback that answers like an OpenAI-compatible one."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from holytui.provider.dialects import DIALECTS
from holytui.provider.ledger import Ledger
from holytui.provider.simulated_answer import Script, script
from holytui.provider.simulation import MODELS, SimulatorError, SimulatorOptions
from holytui.provider.simulator_exchange import Exchange, Gone
from holytui.provider.simulator_troubles import Troubles

HOST = "127.0.0.1"
BACKLOG = 4096
MAX_BODY = 256 * 1024 * 1024
SHUTDOWN_S = 0.1


async def serve(options: SimulatorOptions, host: str = HOST, port: int = 0) -> "RunningSimulator":
    """Start a simulator on the running loop; port 0 takes any that is free.

    Raises:
        SimulatorError: the port is taken, or the ledger cannot be written.
    """
    try:
        simulator = RunningSimulator(options)
    except OSError as error:
        raise SimulatorError(f"the ledger {options.ledger} cannot be written: {error.strerror}") from error
    try:
        await simulator.listen(host, port)
    except BaseException:
        await simulator.aclose()
        raise
    return simulator


class RunningSimulator:
    """One simulated provider; belongs to the loop it is started on."""

    def __init__(self, options: SimulatorOptions) -> None:
        self._options = options
        self._dialect = DIALECTS[options.dialect]
        self._troubles = Troubles(options)
        self._asked: Counter[tuple[str, str]] = Counter()
        self._requests = 0
        self._in_flight = 0
        self._ledger = Ledger(options.ledger)
        self._runner: web.AppRunner | None = None
        self.base_url = ""

    async def listen(self, host: str, port: int) -> None:
        """Take requests from now on.

        Raises:
            SimulatorError: the port is taken.
        """
        app = web.Application(client_max_size=MAX_BODY)
        app.on_response_prepare.append(_label)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_get("/v1/models", self._models)
        # Handlers end when their client goes: a hung request must not outlive the one who asked.
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=SHUTDOWN_S)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port, backlog=BACKLOG).start()
        except OSError as error:
            raise SimulatorError(f"port {port} cannot be used: {error.strerror}") from error
        self.base_url = f"http://{host}:{self._runner.addresses[0][1]}/v1"

    async def aclose(self) -> None:
        """Stop listening and drop what is in flight."""
        if self._runner is not None:
            await self._runner.cleanup()
        self._ledger.close()

    def missed(self, model: str, prompt: str) -> None:
        """Count a request that never arrived: the next one for its prompt is the one after it."""
        self._asked[model, prompt] += 1

    async def _models(self, request: web.Request) -> web.Response:  # noqa: ARG002  # aiohttp's signature
        data = [{"id": model, "object": "model", "owned_by": "simulator"} for model in MODELS]
        return web.json_response({"object": "list", "data": data})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        t_start = time.time()
        body = _object(await request.read())
        model, prompt = str(body.get("model", "")), _last_user_message(body.get("messages"))
        self._requests += 1
        exchange = Exchange(request, body, f"sim-{self._requests:06d}", self._dialect)
        if prompt is None:
            return exchange.refuse("unreadable")
        misfit = exchange.check_fields()
        # Counted by model too: two models asked the same side by side must not take each other's turn. What is
        # refused for its fields takes none: it is the same request that comes again.
        nth = self._asked[model, prompt] + 1
        if misfit is None:
            self._asked[model, prompt] = nth
        self._in_flight += 1
        try:
            if misfit is not None:
                return misfit
            tokens = body.get("max_tokens")
            limit = tokens if isinstance(tokens, int) else None
            plan = script(self._options, prompt, nth, limit, wants_json=exchange.wants_json)
            refusal = self._turn_away(exchange, plan)
            if refusal is not None:
                return refusal
            if not (model in MODELS or model.startswith("sim") or self._dialect.any_model):
                return exchange.refuse("model")
            return await exchange.answer(plan)
        except (asyncio.CancelledError, ConnectionError):
            exchange.outcome = "gone"
            raise
        except Gone:
            exchange.drop()
            raise asyncio.CancelledError from None
        finally:
            self._in_flight -= 1
            self._ledger.write(
                t_start=t_start,
                t_end=time.time(),
                prompt=prompt,
                nth=nth,
                status=exchange.status,
                outcome=exchange.outcome,
            )

    def _turn_away(self, exchange: Exchange, plan: Script) -> web.Response | None:
        """Refuse a request whatever it asks, if the provider is in such a state.

        Raises:
            Gone: the connection is to be dropped.
        """
        trouble = self._troubles.meet(
            nth=self._requests, in_flight=self._in_flight, tokens=plan.prompt_tokens + len(plan.pieces)
        )
        exchange.tell(self._troubles.limit_headers())
        if trouble is None:
            return None
        if trouble.reason == "reset":
            raise Gone
        return exchange.refuse(trouble.reason, retry_after=trouble.retry_after)


async def _label(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001  # aiohttp's signature
    response.headers["x-simulated"] = "true"


def _object(data: bytes) -> dict[str, Any]:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _last_user_message(messages: Any) -> str | None:
    """The prompt; None where there is none."""
    if not isinstance(messages, Sequence):
        return None
    prompts = [message.get("content") for message in messages if isinstance(message, dict) and _is_users(message)]
    return prompts[-1] if prompts and isinstance(prompts[-1], str) else None


def _is_users(message: dict[str, Any]) -> bool:
    return message.get("role") == "user"
