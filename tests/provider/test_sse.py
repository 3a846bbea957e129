"""Server-sent events, however their bytes are cut."""

import time
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from holytui.provider.sse import Beat, Data, Decoder


def decode(*chunks: bytes) -> list[Data | Beat]:
    decoder = Decoder()
    return [event for chunk in chunks for event in decoder.feed(chunk)] + decoder.end()


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [Data("a")]),
        (b"data:a\n\n", [Data("a")]),
        (b"data:  a\n\n", [Data(" a")]),
        (b"data: a\r\n\r\ndata: b\r\rdata: c\n\n", [Data("a"), Data("b"), Data("c")]),
        (b"data: a\ndata: b\n\n", [Data("a\nb")]),
        (b"data\n\n", [Data("")]),
        (b": keep-alive\n\n", [Beat(), Beat()]),
        (b"\n\n", [Beat(), Beat()]),
        (b"event: ping\nid: 7\nretry: 10\n\n", [Beat()]),
        (b": waiting\ndata: a\n\n", [Beat(), Data("a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [Data("a")]),
        (b"data: a", [Data("a")]),
        (b"data: a\r", [Data("a")]),
        (b"data: a\n", [Data("a")]),
        (b"", []),
        (b"data: \xed\xa0\xbd\n\n", [Data("\ufffd\ufffd\ufffd")]),
        (b"data: a\x00\x1b[31m\x0b\x0c\xc2\x85\xe2\x80\xa8b\n\n", [Data("a\0\x1b[31m\x0b\x0c\x85\u2028b")]),
    ],
)
def test_a_stream_means(stream: bytes, events: list[Data | Beat]) -> None:
    assert decode(stream) == events


LINES = st.lists(
    st.one_of(
        st.text(max_size=12).map(lambda text: "data: " + text.replace("\r", "").replace("\n", "")),
        st.sampled_from(["", ": comment", "event: x", "data", "data:é😀"]),
    ),
    max_size=12,
)


@given(lines=LINES, endings=st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=12), cuts=st.data())
def test_where_it_is_cut_and_how_lines_end_changes_nothing(
    lines: list[str], endings: list[str], cuts: st.DataObject
) -> None:
    # A blank line that ends in LF right behind a CR would be that CR's other half, not a line.
    follows = zip(lines[1:], endings, endings[1:], strict=False)
    assume(not any(not line and (before, ending) == ("\r", "\n") for line, before, ending in follows))
    plain = "".join(line + "\n" for line in lines).encode()
    stream = "".join(line + ending for line, ending in zip(lines, endings, strict=False)).encode()
    places = sorted(cuts.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    edges = [0, *places, len(stream)]
    chunks = [stream[start:stop] for start, stop in pairwise(edges)]
    assert decode(*chunks) == decode(plain)
    assert decode(*(bytes([byte]) for byte in stream)) == decode(plain)


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_without_an_error(stream: bytes) -> None:
    assert decode(stream) == decode(*(bytes([byte]) for byte in stream))


def test_a_huge_line_takes_linear_time() -> None:
    pieces = [b"x" * 1024] * 20_000
    began = time.process_time()
    events = decode(b"data: ", *pieces, b"\n\n")
    assert time.process_time() - began < 2.0  # quadratic, it took minutes
    assert events == [Data("x" * 1024 * 20_000)]
