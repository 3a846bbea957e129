"""The largest numbers that anybody may ask for: beyond any use, and far inside what can be computed with."""

MOST_AT_ONCE = 4096
"""Requests in flight at once."""

MOST = 10**12
"""Items, results, characters, tokens, requests a minute."""

MOST_USD = 10**9
"""Of a budget, and of a price for a million tokens."""

WIDEST_FACTOR = 100
"""Times every clock, of a retry."""

LONGEST_S = 366 * 86_400
"""A year, in seconds: of a clock, and of a wait."""
