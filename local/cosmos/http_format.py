"""HTTP/1.1 as bytes: heads and chunked bodies of requests, and whole responses."""

import re

from local.cosmos.messages import Request, Response

BODY_LIMIT = 4 * 1024 * 1024
"""Bytes. More than any operation accepts, so that an operation refuses a large body with its own text."""
REASONS = {
    200: "Ok", 201: "Created", 204: "No Content", 207: "Multi-Status", 304: "Not Modified", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 408: "Request Timeout",
    409: "Conflict", 410: "Gone", 412: "Precondition Failed", 413: "Request Entity Too Large",
    429: "Too Many Requests", 431: "Request Header Fields Too Large", 449: "Retry With",
    500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable",
}  # fmt: skip
NO_BODY = frozenset({204, 304})
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?")
ONCE = frozenset({"host", "content-length", "transfer-encoding"})
"""Headers whose second line could make two servers read one request differently."""


class BadWire(Exception):
    """The bytes are no HTTP that the emulator accepts. The status is sent before the connection closes."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def parse_head(head: bytes) -> Request:
    """Method, path and headers of a request; raises BadWire."""
    lines = head.decode("latin-1").split("\r\n")
    if not head.count(b"\n") == head.count(b"\r") == len(lines) - 1:
        raise BadWire(400, "A line of the request head does not end with CR LF.")
    words = lines[0].split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.") or not words[0].isalpha():
        raise BadWire(400, "The request line is not HTTP/1.1.")
    headers = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        name = name.lower()
        if not colon or NAME.fullmatch(name) is None or (name in ONCE and name in headers):
            raise BadWire(400, "A header line is malformed.")
        if CONTROL.search(value):
            raise BadWire(400, "A header holds a control character.")
        headers[name] = value.strip(" \t")
    if words[2] == "HTTP/1.0":
        headers.setdefault("connection", "close")
    return Request(words[0].upper(), words[1], headers)


def encode(response: Response, *, close: bool = False) -> bytes:
    """The bytes of a response."""
    status, body = response.status, response.body
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if status not in NO_BODY:
        lines.append(f"content-length: {len(body)}")
    if close:
        lines.append("connection: close")
    head = "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n"
    return head if status in NO_BODY else head + body


def read_chunks(buffer: bytearray, start: int) -> tuple[bytes, int] | None:
    """A chunked body and the position of its end; None while it is incomplete."""
    body = bytearray()
    while True:
        end = buffer.find(b"\r\n", start, start + 64)
        if end < 0:
            if len(buffer) - start >= 64:
                raise BadWire(400, "A chunk size is malformed.")
            return None
        size = _chunk_size(bytes(buffer[start:end]))
        if len(body) + size > BODY_LIMIT:
            raise BadWire(413, "Request size is too large")
        after = end + 2 + size
        if len(buffer) < after + 2:
            return None
        if buffer[after : after + 2] != b"\r\n":
            raise BadWire(400, "A chunk does not end where it should.")
        if size == 0:
            return bytes(body), after + 2
        body += buffer[end + 2 : after]
        start = after + 2


def _chunk_size(line: bytes) -> int:
    found = CHUNK_SIZE.fullmatch(line)
    if found is None:
        raise BadWire(400, "A chunk size is malformed.")
    return int(found[1], 16)
