"""What a request can do without: some servers refuse `stream_options`, which tells tokens, or `response_format`."""

import re

from holytui.provider.errors import ProviderError

REFUSAL_STATUSES = frozenset({400, 422})
_SOME_FIELD = re.compile(
    r"(?:extra|additional|unknown|unexpected|unrecogni[sz]ed|unsupported) "
    r"(?:request )?(?:inputs?|fields?|properties|keys?|parameters?|arguments?)",
    re.IGNORECASE,
)


class OptionalPart:
    """What is known of one server about one part. Requests in flight at the first refusal each find out themselves."""

    def __init__(self, names: str, *, not_about: str = "(?!)") -> None:
        """Nothing is known yet.

        Args:
            names: a pattern of the part's names in a refusal.
            not_about: a pattern of refusals that name it and mean something else.
        """
        # A body that quotes the whole request holds the part with its value: that is no complaint about it.
        self._named = re.compile(rf"""(?:{names})(?![\"'\\]*\s*[:=]\s*[\"'\\]*(?:\{{|true))""", re.IGNORECASE)
        self._not_about = re.compile(not_about, re.IGNORECASE)
        self._guess_failed = False
        self.wanted = True
        """Requests are to hold it."""

    def may_be_why(self, error: ProviderError, asked: str) -> bool:
        """Whether a request was refused for this part: then it is to be sent once more without it.

        Args:
            error: how it was refused.
            asked: the text of what was asked, for a body may quote it.
        """
        if error.status not in REFUSAL_STATUSES or self._not_about.search(error.body) is not None:
            return False
        if self._named.search(error.body) is not None:
            # A prompt about the part, quoted, proves nothing: then what becomes of the second request does.
            self.wanted = self.wanted and self._named.search(asked) is not None
            return True
        return not self._guess_failed and _SOME_FIELD.search(error.body) is not None

    def was_why(self) -> None:
        """The request was taken without it."""
        self.wanted = False

    def was_not_why(self) -> None:
        """The request was refused without it as well."""
        self._guess_failed = True


def stream_options() -> OptionalPart:
    """`stream_options.include_usage`, by which a stream tells its tokens."""
    return OptionalPart("stream_?options|include_?usage")


def response_format() -> OptionalPart:
    """`response_format`, JSON mode; a prompt that has to say "json" for it is the job's to mend."""
    return OptionalPart("response_?format", not_about="contain the word")
