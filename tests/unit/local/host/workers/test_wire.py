"""Frames between host and worker."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from local.host.workers.wire import Unpacker, pack

frames = st.lists(st.tuples(st.dictionaries(st.text(max_size=5), st.integers(-9, 9)), st.binary(max_size=50)))


@given(sent=frames, cuts=st.lists(st.integers(0, 500)))
def test_frames_survive_being_cut_anywhere(sent: list[tuple[dict[str, int], bytes]], cuts: list[int]) -> None:
    """Frames that arrive in any pieces come out whole and in order."""
    stream = b"".join(pack(header, body) for header, body in sent)
    places = sorted({0, len(stream), *(c for c in cuts if c < len(stream))})
    unpacker = Unpacker()
    got = [f for a, b in pairwise(places) for f in unpacker.feed(stream[a:b])]
    assert got == sent
