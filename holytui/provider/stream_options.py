"""Whether a server takes `stream_options`, by which streams are asked to tell their tokens: some refuse the request."""

import re

from holytui.provider.errors import ProviderError

REFUSAL_STATUSES = frozenset({400, 422})
_NAMED = re.compile(
    # A body that quotes the whole request holds the option with its value: that is no complaint about it.
    r"""(?:stream_?options|include_?usage)(?![\"'\\]*\s*[:=]\s*[\"'\\]*(?:\{|true))""",
    re.IGNORECASE,
)
_SOME_FIELD = re.compile(
    r"(?:extra|additional|unknown|unexpected|unrecogni[sz]ed|unsupported) "
    r"(?:request )?(?:inputs?|fields?|properties|keys?|parameters?|arguments?)",
    re.IGNORECASE,
)


class StreamOptions:
    """What is known of one server. Requests in flight at the first refusal each find out for themselves."""

    def __init__(self) -> None:
        self.wanted = True
        """Streams are to be asked for their usage."""
        self._guess_failed = False

    def may_be_why(self, error: ProviderError, asked: str) -> bool:
        """Whether a request was refused for this option: then it is to be sent once more without it.

        Args:
            error: how it was refused.
            asked: the text of what was asked, for a body may quote it.
        """
        if error.status not in REFUSAL_STATUSES:
            return False
        if _NAMED.search(error.body) is not None:
            # A prompt about the option, quoted, proves nothing: then what becomes of the second request does.
            self.wanted = self.wanted and _NAMED.search(asked) is not None
            return True
        return not self._guess_failed and _SOME_FIELD.search(error.body) is not None

    def was_why(self) -> None:
        """The request was taken without it."""
        self.wanted = False

    def was_not_why(self) -> None:
        """The request was refused without it as well."""
        self._guess_failed = True
