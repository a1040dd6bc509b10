from outlast.inputs import Chunk
from outlast.staging.chunk_list import ChunkList


def test_a_list_of_chunks_comes_back_as_it_was_staged() -> None:
    """Reading a chunk list back gives the same columns, offsets, lengths, first rows and overlong records."""
    listed = ChunkList(["a", "b,\n"], [Chunk(4, 10, 2), Chunk(14, 99, 5, overlong=True)])
    assert ChunkList.decoded(listed.encoded()) == listed
