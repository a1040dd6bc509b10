from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from outlast.staging.record_columns import RecordColumns, whole_rows
from outlast.staging.resolved import RECORD

SMALL, LARGE = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
RECORDS = st.lists(st.tuples(SMALL, SMALL, SMALL, LARGE, LARGE), max_size=20)
ROWS = st.dictionaries(st.integers(2, 2**40), st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 1)))
"""By row, how many of its documents are unchanged, lost and sent."""


@given(RECORDS)
def test_columns_hold_the_numbers_of_the_records(records: list[tuple[int, int, int, int, int]]) -> None:
    """Every column has the numbers of its member, small and large, in the order of the records."""
    found = RecordColumns.of(b"".join(RECORD.pack(*record) for record in records))
    columns = [list(column) for column in (found.parts, found.offsets, found.rows, found.others)]
    assert columns == [[record[at] for record in records] for at in range(1, 5)]
    assert len(found) == len(records)


@given(ROWS)
def test_a_row_is_whole_when_none_of_its_documents_is_sent(rows: dict[int, tuple[int, int, int]]) -> None:
    """A row whose documents are all unchanged or lost counts, if any is unchanged."""
    unchanged = [(row, sum(of_row)) for row, of_row in rows.items() for _ in range(of_row[0])]
    made_by = Counter({row: same + lost for row, (same, lost, _) in rows.items()}).elements()
    found = whole_rows(RecordColumns.of(b"".join(RECORD.pack(0, 0, 0, *one) for one in unchanged)), list(made_by))
    assert sorted(found) == sorted(row for row, (same, _, sent) in rows.items() if same and not sent)
