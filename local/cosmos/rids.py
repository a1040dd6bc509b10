"""Resource ids and ETags in the service's form."""

import binascii

DATABASE_BYTES = 4


def encode_rid(parent: str, number: int) -> str:
    """The id of a database (4 bytes) or, below a parent, of a container (8 bytes), in the service's base 64."""
    head = decode_rid(parent) if parent else b""
    # the service sets the first bit for containers, not for users
    part = (number | (0x80000000 if parent else 0)).to_bytes(4, "big")
    return _text(head + part)


def database_of(container_rid: str) -> str:
    """The id of a container's database."""
    return _text(decode_rid(container_rid)[:DATABASE_BYTES])


def offer_rid(owner_rid: str) -> str:
    """The id of the offer of a container or database: its own part of the id, without the first byte."""
    return _text(decode_rid(owner_rid)[-3:])


def document_rid(container: bytes, number: int) -> bytes:
    """The id of a document, as ASCII bytes."""
    return binascii.b2a_base64(container + number.to_bytes(8, "little"), newline=False).replace(b"/", b"-")


def document_number(rid: str, container: bytes | None = None) -> int | None:
    """The number in a document's id; None where it is not the id of a document, or not of the given container."""
    try:
        data = decode_rid(rid)
    except ValueError:  # not base 64, or not ASCII
        return None
    if len(data) != 16 or (container is not None and data[:8] != container):
        return None
    return int.from_bytes(data[8:], "little")


def is_database_rid(text: str) -> bool:
    """Whether a text has the form of a database's id."""
    try:
        return len(text) == 8 and text.endswith("==") and len(decode_rid(text)) == DATABASE_BYTES
    except ValueError:
        return False


def decode_rid(text: str) -> bytes:
    """The bytes of a resource id."""
    return binascii.a2b_base64(text.replace("-", "/"))


def etag_of(lsn: int, ts: int, number: int = 0) -> str:
    """The ETag of one version of a resource. The number tells the documents of one batch apart."""
    return '"%08x-%04x-0700-%04x-%08x0000"' % (lsn & 0xFFFFFFFF, lsn >> 32 & 0xFFFF, number & 0xFFFF, ts)  # noqa: UP031 - faster than an f-string, and used by every write


def _text(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode().replace("/", "-")
