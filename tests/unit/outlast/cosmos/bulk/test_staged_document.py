from hypothesis import given
from hypothesis import strategies as st

from outlast.cosmos.bulk.staged_document import StagedDocument, join_staged, read_staged

_JSON = st.sampled_from([b'"a"', b"1", b"null", b'"a b"', rb'"\t"', '"é"'.encode()])
DOCUMENTS = st.lists(st.builds(StagedDocument, st.integers(1, 10**9), _JSON, st.just(b"0F"), _JSON), max_size=5)


@given(DOCUMENTS)
def test_documents_come_back_as_they_were_joined(documents: list[StagedDocument]) -> None:
    """Reading joined documents returns the same documents."""
    assert read_staged(join_staged(documents)) == documents


def test_a_line_has_four_columns() -> None:
    """A staged line has four columns divided by tabs and ends with a line feed, which runs with staged documents rely
    on."""
    assert StagedDocument(7, b'"s"', b"0F", b'{"id":"a"}').encoded() == b'7\t"s"\t0F\t{"id":"a"}\n'


def test_a_tab_in_the_document_is_part_of_it() -> None:
    """Only the first three tabs divide columns."""
    assert read_staged(b'7\t"s"\t0F\t{"a":\t1}\n') == [StagedDocument(7, b'"s"', b"0F", b'{"a":\t1}')]
