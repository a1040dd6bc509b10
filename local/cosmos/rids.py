"""Resource ids and ETags in the service's form."""

import binascii

DATABASE_BYTES = 4


def encode_rid(parent: str, number: int) -> str:
    """The id of a database (4 bytes) or, below one, of a container (8 bytes), in the service's base 64."""
    head = decode_rid(parent) if parent else b""
    # the first bit of a container's part is set: it tells containers from users
    part = (number | (0x80000000 if parent else 0)).to_bytes(4, "big")
    return _text(head + part)


def database_of(container_rid: str) -> str:
    """The id of the database that a container's id begins with."""
    return _text(decode_rid(container_rid)[:DATABASE_BYTES])


def offer_rid(container_rid: str) -> str:
    """The id of the offer that belongs to a container."""
    return _text(decode_rid(container_rid)[5:8])


def document_rid(container: bytes, number: int) -> bytes:
    """The id of a document as bytes of text."""
    return binascii.b2a_base64(container + number.to_bytes(8, "little"), newline=False).replace(b"/", b"-")


def decode_rid(text: str) -> bytes:
    """The bytes behind a resource id."""
    return binascii.a2b_base64(text.replace("-", "/"))


def etag_of(lsn: int, ts: int) -> str:
    """The ETag of one version of one resource."""
    return '"%08x-%04x-0700-0000-%08x0000"' % (lsn & 0xFFFFFFFF, lsn >> 32 & 0xFFFF, ts)  # noqa: UP031 - on every write


def _text(data: bytes) -> str:
    return binascii.b2a_base64(data, newline=False).decode().replace("/", "-")
