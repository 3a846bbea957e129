"""Names of models: whether the one that answered is the one that was asked for."""


def same_model(asked: str, answered: str) -> bool:
    """Whether two names mean one model, as far as names can tell.

    A vendor before a slash, case, and `.` or `-` or `:` between words make no difference, and a provider may name
    the dated release behind an alias: `gpt-4.1` is answered by `gpt-4.1-2025-04-14`, `llama3` by `llama3:latest`.
    """
    want, have = _words(asked), _words(answered)
    if have[: len(want)] != want:
        return have == want
    return all(word.isdigit() or word in _RELEASES for word in have[len(want) :])


_RELEASES = frozenset({"latest", "preview", "exp"})


def _words(name: str) -> list[str]:
    bare = name.lower().rsplit("/", 1)[-1]
    for mark in ".:_@":
        bare = bare.replace(mark, "-")
    return [word for word in bare.split("-") if word]
