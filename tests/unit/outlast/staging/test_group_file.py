from hypothesis import given
from hypothesis import strategies as st

from outlast.staging.group_file import (
    OFFSETS,
    PREFIXES,
    PartialGroup,
    decode_groups,
    encode_groups,
    gather,
    gathered,
    hash_of,
)

KEYS = st.text("abcdefghij\t\n", max_size=3)


def partial(key: str, first: int, rows: int = 1) -> PartialGroup:
    return PartialGroup(hash_of(key), first, rows, f'["{len(key)}"]', f"[{first}]")


@given(st.sets(KEYS, max_size=30))
def test_the_groups_of_some_first_bytes_are_one_range(keys: set[str]) -> None:
    """The offsets in front of the lines say where the groups of each first byte of the hashes lie."""
    groups = [partial(key, row) for row, key in enumerate(keys, 1)]
    data = encode_groups(groups)
    offsets = OFFSETS.unpack(data[: OFFSETS.size])
    assert sorted(decode_groups(data[OFFSETS.size :])) == sorted(groups)
    for bucket in range(256):
        lines = data[OFFSETS.size + offsets[bucket] : OFFSETS.size + offsets[bucket + 1]]
        assert {group.hash[:2] for group in decode_groups(lines)} <= {f"{bucket:02x}"}
    assert offsets[256] == len(data) - OFFSETS.size


@given(st.lists(st.sets(KEYS, max_size=8), max_size=6), st.integers(0, PREFIXES), st.integers(0, PREFIXES))
def test_a_shard_has_each_of_its_groups_whole(parts: list[set[str]], begin: int, end: int) -> None:
    """The pieces of a group stand together in the order of the rows, the groups in that of their first rows."""
    first, after = sorted((begin, end))
    numbered = [
        [partial(key, 10 * part + n) for n, key in enumerate(sorted(keys), 1)] for part, keys in enumerate(parts)
    ]
    data = gather([encode_groups(groups)[OFFSETS.size :] for groups in numbered], first, after)
    found = list(gathered(data))
    wanted = [group for groups in numbered for group in groups if first <= int(group.hash[:4], 16) < after]
    assert sorted(piece for group in found for piece in group.pieces) == sorted(wanted)
    assert [group.first for group in found] == sorted(group.first for group in found)
    for group in found:
        assert [piece.first for piece in group.pieces] == sorted(
            one.first for one in wanted if one.hash == group.pieces[0].hash
        )
    assert not found or found[-1].end == len(data)


@given(st.lists(KEYS, min_size=1, max_size=20), st.data())
def test_reading_goes_on_behind_any_group(keys: list[str], data: st.DataObject) -> None:
    """What is read from where a group ends are the groups behind it."""
    lines = gather([encode_groups([partial(key, row)])[OFFSETS.size :] for row, key in enumerate(keys, 1)], 0, PREFIXES)
    groups = list(gathered(lines))
    at = data.draw(st.integers(0, len(groups) - 1))
    assert [one.pieces for one in gathered(lines[groups[at].end :])] == [one.pieces for one in groups[at + 1 :]]
