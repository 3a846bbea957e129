"""The simulator's options, and that what it does is a function of seed, prompt and turn."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holytui.provider.simulated_answer import connect_directive, script
from holytui.provider.simulation import FAULTS, LIVELY_LATENCY_S, LIVELY_SIGMA, Window
from holytui.provider.simulator import SimulatorError, SimulatorOptions, options_from_url, parse_options
from tests.processes import HOLYTUI, environment


def test_without_options_answers_come_at_once_and_whole() -> None:
    assert parse_options() == SimulatorOptions()
    plan = script(SimulatorOptions(), "rivers and mountains", 1, None, wants_json=False)
    assert (plan.fault, plan.first_s, plan.gap_s, plan.finish) == ("", 0.0, 0.0, "stop")


def test_options_as_the_command_line_spells_them(tmp_path: Path) -> None:
    options = parse_options(
        seed=7,
        latency="1.5:0.3",
        first_token=0.2,
        tokens_per_s=30.0,
        max_in_flight=4,
        faults=("stall=0.01", "cut=.5"),
        auth_after=9,
        ledger=tmp_path,
    )
    assert options == SimulatorOptions(7, 1.5, 0.3, 0.2, 30.0, 4, {"stall": 0.01, "cut": 0.5}, 9, tmp_path)
    assert parse_options(latency="2") == SimulatorOptions(latency_s=2.0)
    troubled = parse_options(dialect="vllm", outage="5:60", refuse="70:.5:3", rpm=60, tpm=1000)
    assert troubled == SimulatorOptions(
        dialect="vllm", outage=Window(5.0, 60.0), refuse=Window(70.0, 0.5, "3"), rpm=60, tpm=1000
    )
    at_noon = "Wed, 21 Oct 2026 12:00:00 GMT"
    assert parse_options(refuse=f"0:1:{at_noon}").refuse == Window(0.0, 1.0, at_noon)
    assert parse_options(refuse="0:1").refuse == Window(0.0, 1.0, None)
    assert parse_options(refuse="0:1:").refuse == Window(0.0, 1.0, "")


def test_options_as_a_job_file_spells_them() -> None:
    url = (
        "simulator:?seed=7&latency=1.5:0.3&first_token=0.2&tokens_per_s=30&max_in_flight=4"
        "&fault=stall=0.01&fault=cut=0.5&auth_after=9"
    )
    assert options_from_url(url) == SimulatorOptions(7, 1.5, 0.3, 0.2, 30.0, 4, {"stall": 0.01, "cut": 0.5}, 9)
    url = "simulator:?latency=0&dialect=litellm&outage=5:60&refuse=70:30:soon&rpm=60&tpm=1000"
    assert options_from_url(url) == SimulatorOptions(
        dialect="litellm", outage=Window(5.0, 60.0), refuse=Window(70.0, 30.0, "soon"), rpm=60, tpm=1000
    )


@pytest.mark.parametrize("url", ["simulator:", "simulator:?", "simulator:?seed=0"])
def test_a_job_file_without_a_latency_gets_lively_answers(url: str) -> None:
    assert options_from_url(url) == SimulatorOptions(latency_s=LIVELY_LATENCY_S, latency_sigma=LIVELY_SIGMA)


KNOWN = "auth_after, dialect, fault, first_token, latency, max_in_flight, outage, refuse, rpm, seed, tokens_per_s, tpm"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("speed=7", f"the simulator knows no speed; it knows {KNOWN}"),
        ("ledger=/tmp/x", f"the simulator knows no ledger; it knows {KNOWN}"),
        ("seed=x", "seed=x in simulator:?seed=x: that is no whole number"),
        ("seed=1.5", "seed=1.5 in simulator:?seed=1.5: that is no whole number"),
        ("max_in_flight=", "max_in_flight= in simulator:?max_in_flight=: that is no whole number"),
        ("first_token=soon", "first_token=soon in simulator:?first_token=soon: that is no number"),
        ("latency=soon", "latency soon: write seconds, or seconds:sigma, e.g. 1:0.3"),
        ("latency=1:2:3", "latency 1:2:3: write seconds, or seconds:sigma, e.g. 1:0.3"),
        ("latency=-1", "latency is -1: it has to be a number from 0 up"),
        ("latency=nan", "latency is nan: it has to be a number from 0 up"),
        ("latency=1:inf", "the spread of latency is inf: it has to be a number from 0 up"),
        ("first_token=-0.5", "first_token is -0.5: it has to be a number from 0 up"),
        ("max_in_flight=-1", "max_in_flight is -1: it has to be a number from 0 up"),
        ("auth_after=-1", "auth_after is -1: it has to be a number from 0 up"),
        ("tokens_per_s=-1", "tokens_per_s is -1: it has to be a number from 0 up"),
        (
            "tokens_per_s=0",
            "tokens_per_s is 0: the simulator would never answer; the fault first_token does that",
        ),
        (
            "dialect=klingon",
            "dialect klingon: no such dialect. Known: deepseek, litellm, llamacpp, ollama, openai, transformers, vllm",
        ),
        ("outage=5", "outage 5: write START:SECONDS, e.g. 10:60"),
        ("outage=soon:5", "outage soon:5: write START:SECONDS, e.g. 10:60"),
        ("outage=1:2:3", "outage 1:2:3: write START:SECONDS, e.g. 10:60"),
        ("outage=-1:5", "outage -1:5: -1 is no number of seconds from 0 up"),
        ("refuse=1:inf", "refuse 1:inf: inf is no number of seconds from 0 up"),
        ("refuse=1", "refuse 1: write START:SECONDS[:RETRY_AFTER], e.g. 10:60:5"),
        ("refuse=1:2:a%0d%0ab", "refuse 1:2:a\r\nb: write START:SECONDS[:RETRY_AFTER], e.g. 10:60:5"),
        ("rpm=0", "rpm is 0: it has to be a whole number from 1 up"),
        ("tpm=-1", "tpm is -1: it has to be a whole number from 1 up"),
        ("tpm=many", "tpm=many in simulator:?tpm=many: that is no whole number"),
        ("fault=fire=0.1", f"fault fire: no such kind. Known: {', '.join(sorted(FAULTS))}"),
        ("fault=", f"fault : no such kind. Known: {', '.join(sorted(FAULTS))}"),
        ("fault=stall", "fault stall: write KIND=RATE, e.g. stall=0.01"),
        ("fault=stall=often", "fault stall=often: write KIND=RATE, e.g. stall=0.01"),
        ("fault=stall=1.5", "fault stall=1.5: the rate goes from 0 to 1"),
        ("fault=stall=-0.5", "fault stall=-0.5: the rate goes from 0 to 1"),
        ("fault=stall=nan", "fault stall=nan: the rate goes from 0 to 1"),
        ("fault=stall=0.6&fault=cut=0.5", "the rates of stall, cut add up to more than 1"),
    ],
)
def test_options_that_do_not_fit_are_refused_with_a_sentence(query: str, sentence: str) -> None:
    with pytest.raises(SimulatorError) as caught:
        options_from_url(f"simulator:?{query}")
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--fault", "fire=1"), "fault fire: no such kind"),
        (("--dialect", "klingon"), "dialect klingon: no such dialect. Known: deepseek, litellm"),
        (("--ledger", "/dev/null/ledger"), "the ledger /dev/null/ledger cannot be written: "),
    ],
)
def test_the_command_refuses_them_with_a_sentence_too(arguments: tuple[str, ...], sentence: str) -> None:
    done = subprocess.run(
        [*HOLYTUI, "simulate", *arguments], env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_rates_that_add_up_to_one_leave_no_request_alone() -> None:
    options = parse_options(faults=("stall=0.1", "cut=0.2", "reset=0.7"))
    kinds = {script(options, f"prompt {n}", 1, None, wants_json=False).fault for n in range(300)}
    assert kinds == {"stall", "cut", "reset"}


@given(st.integers(), st.text(), st.integers(1, 50), st.booleans())
def test_the_same_request_goes_the_same_way(seed: int, prompt: str, nth: int, wants_json: bool) -> None:
    options = parse_options(seed=seed, latency="1:0.5", faults=("stall=0.2", "cut=0.2", "empty=0.2"))
    plan = script(options, prompt, nth, None, wants_json=wants_json)
    assert plan == script(options, prompt, nth, None, wants_json=wants_json)
    assert plan.fault in {"", "stall", "cut", "empty"}
    assert plan.first_s >= 0
    assert plan.gap_s >= 0


@given(st.text(), st.integers(2, 50))
def test_the_text_is_the_same_at_every_turn(prompt: str, nth: int) -> None:
    options = parse_options(latency="1:0.5")
    first = script(options, prompt, 1, None, wants_json=False)
    assert script(options, prompt, nth, None, wants_json=False).pieces == first.pieces
    assert first.text


def test_a_latency_without_a_spread_is_what_an_answer_takes() -> None:
    plan = script(parse_options(latency="2"), "rivers and mountains", 1, None, wants_json=False)
    assert plan.first_s == pytest.approx(0.4)
    assert plan.first_s + plan.gap_s * len(plan.pieces) == pytest.approx(2.0)
    late = script(parse_options(latency="2", first_token=3.0), "rivers and mountains", 1, None, wants_json=False)
    assert (late.first_s, late.gap_s) == (3.0, 0.0)


@pytest.mark.parametrize(
    ("prompt", "times"),
    [
        ("[[simulate connect x2]] a", 2),
        ("a [[simulate connect]]", 10**9),
        ("[[simulate stall x2]]", None),
        ("connect", None),
    ],
)
def test_how_often_nobody_is_at_the_other_end(prompt: str, times: int | None) -> None:
    assert connect_directive(prompt) == times
