"""The byte order mark at the beginning of UTF-8 text."""

_MARK = b"\xef\xbb\xbf"


def marks_end(head: bytes) -> int:
    """The offset after the byte order marks. Two stand there when a program added one to a file that had one."""
    end = 0
    while head.startswith(_MARK, end):
        end += len(_MARK)
    return end


def without_marks(text: bytes) -> bytes:
    """The text behind its byte order marks. Programs of Windows write one before JSON, which must have none."""
    return text[marks_end(text) :]
