import threading

import pytest

from bench.scaling.meanwhile import meanwhile


def test_it_looks_again_and_again_until_the_block_ends() -> None:
    """The block sees what the looks have found, and behind it nothing looks any more."""
    looks, twice, before = list[int](), threading.Event(), set(threading.enumerate())

    def look() -> None:
        looks.append(len(looks))
        if len(looks) == 2:
            twice.set()

    with meanwhile(look, 0.001):
        assert twice.wait(30)
    assert set(threading.enumerate()) <= before


def test_a_look_that_fails_fails_the_block() -> None:
    """What a look raises is raised behind the block."""
    looked = threading.Event()

    def look() -> None:
        looked.set()
        raise LookupError("nothing is there")

    with pytest.raises(LookupError, match="nothing is there"), meanwhile(look, 0.001):
        assert looked.wait(30)
