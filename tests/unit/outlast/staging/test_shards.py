from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlast.staging import shards
from outlast.staging.group_file import OFFSETS, PREFIXES, PartialGroup, encode_groups, gather, gathered, hash_of
from outlast.staging.shards import GroupFile, GroupIndex, divided

SIZES = st.lists(st.integers(0, 3_000), min_size=256, max_size=256)


def file_of(sizes: list[int]) -> GroupFile:
    """A file whose first bytes of hashes have lines of so many bytes together."""
    ends = [0]
    for size in sizes:
        ends.append(ends[-1] + size)
    return GroupFile(0, 0, "x.groups", OFFSETS.pack(*ends))


@given(SIZES)
def test_shards_are_the_whole_hash_space(sizes: list[int]) -> None:
    """Each shard begins where the one before ends, and none but those of a single first byte is larger than usual."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "USUAL", 4_000)
        patch.setattr(shards, "LARGEST", 2_000)
        found = divided([file_of(sizes)])
    assert (found[0][0], found[-1][1]) == (0, PREFIXES)
    assert all(one[1] == other[0] and one[0] < one[1] for one, other in pairwise(found))
    for first, after in found:
        held = sum(sizes[first // 256 : -(-after // 256)])
        assert held <= 4_000 or after - first <= 256


@given(SIZES)
def test_a_first_byte_that_is_too_large_is_divided_by_the_next_bits(sizes: list[int]) -> None:
    """Its pieces are equal, and as many as it takes for their share of the bytes to be small enough."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "USUAL", 4_000)
        patch.setattr(shards, "LARGEST", 800)
        found = divided([file_of(sizes)])
    for bucket, size in enumerate(sizes):
        pieces = [after - first for first, after in found if bucket * 256 <= first and after <= (bucket + 1) * 256]
        if size > 800:
            assert len(set(pieces)) == 1
            assert size / len(pieces) <= 800


def test_all_shards_together_have_each_group_once() -> None:
    """Reading the files shard by shard finds what is in them."""
    groups = [
        [PartialGroup(hash_of(f"{n % 90}"), n, 1, "[]", "[]") for n in range(part * 60 + 1, part * 60 + 61)]
        for part in range(3)
    ]
    data = [encode_groups(part) for part in groups]
    files = [GroupFile(number, 0, "x", one[: OFFSETS.size]) for number, one in enumerate(data)]
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shards, "USUAL", 500)
        patch.setattr(shards, "LARGEST", 60)
        every = divided(files)
    for shard in every:
        ranges = [file.lines_of(shard) for file in files]
        lines = [one[begin : begin + length] for one, (begin, length) in zip(data, ranges, strict=True)]
        found += [piece for group in gathered(gather(lines, *shard)) for piece in group.pieces]
    assert len(every) > 20
    assert sorted(found) == sorted(piece for part in groups for piece in part)


def test_the_index_survives_as_a_file() -> None:
    """Files and shards are read as they were written; without files there is one shard, which is empty."""
    index = GroupIndex([file_of([1] * 256)], [(0, 7), (7, PREFIXES)])
    assert GroupIndex.decoded(index.encoded()) == index
    assert divided([]) == [(0, PREFIXES)]
