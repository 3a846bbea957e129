"""What a provider says is left of its allowances: the `x-ratelimit-*` headers, as far as they make sense.

`x-ratelimit-remaining-requests`, `-tokens` and `x-ratelimit-reset-requests`, `-tokens` as OpenAI documents them and
most gateways copy them; a reset is a duration such as `1m30s`, `250ms` or a bare number of seconds.
"""

import math
import re
from collections.abc import Mapping

WHAT = ("requests", "tokens")
_UNITS_S = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|d|h|m|s)")
LONGEST_TEXT = 40


def read_left(headers: Mapping[str, str]) -> dict[str, tuple[float, float]]:
    """What is left of each allowance.

    Args:
        headers: with lower-case names.

    Returns:
        (units left, seconds until the allowance is whole again) for `requests` and `tokens`; only what is told
        in full and is no nonsense.
    """
    found = {}
    for what in WHAT:
        left = headers.get(f"x-ratelimit-remaining-{what}")
        if left is None:
            continue
        units, reset = _number(left), duration_s(headers.get(f"x-ratelimit-reset-{what}", ""))
        if units is not None and reset is not None and reset > 0:
            found[what] = (units, reset)
    return found


def wait_for_reset(headers: Mapping[str, str]) -> float | None:
    """Seconds until the allowance that is used up is whole again; None where none is told to be."""
    waits = [reset for units, reset in read_left(headers).values() if units == 0]
    return max(waits) if waits else None


def duration_s(text: str) -> float | None:
    """`1m30s`, `250ms` or `12` in seconds; None for anything else."""
    text = text.strip().lower()[:LONGEST_TEXT]
    bare = _number(text)
    if bare is not None:
        return bare
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS_S[unit] for number, unit in parts)


def _number(text: str) -> float | None:
    """A finite number that is not negative."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
