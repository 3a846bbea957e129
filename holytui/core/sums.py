"""Amounts written so that the parts add up to the sum, as whoever checks them will find."""

from collections.abc import Sequence

CENTS, FINE = 2, 4
"""Decimals of USD: from one dollar on and of nothing, and between."""


def adding_up(total: float, parts: Sequence[float]) -> tuple[str, list[str]]:
    """A sum and its parts in USD, all with as many decimals, rounded so that the written parts add up.

    Each part is off by less than one unit of the last decimal: those with the largest remainders are rounded up.

    Args:
        total: USD; taken as the parts' sum, whatever floating point made of it.
        parts: USD, none below 0.
    """
    decimals = CENTS if total >= 1 or total == 0 else FINE
    unit = 10**decimals
    wanted = round(sum(parts) * unit)
    exact = [part * unit for part in parts]
    whole = [int(amount) for amount in exact]
    order = sorted(range(len(parts)), key=lambda at: exact[at] - whole[at], reverse=True)
    for at in order[: max(0, wanted - sum(whole))]:
        whole[at] += 1
    return _written(wanted, decimals), [_written(amount, decimals) for amount in whole]


def _written(amount: int, decimals: int) -> str:
    return f"${amount / 10**decimals:,.{decimals}f}"
