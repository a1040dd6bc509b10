"""A front that takes HTTPS for a service that has only HTTP, because clients send tokens over HTTPS alone."""

import asyncio
import ssl
import threading
from typing import Self

from aiohttp import ClientSession, web

from tests.cloud.certificate import Certificate

HOP_BY_HOP = {"connection", "content-encoding", "content-length", "host", "transfer-encoding"}
MOST_BYTES = 64 * 1024 * 1024
START_SECONDS = 30


class TlsFront:
    """`with TlsFront(url, certificate) as front:` passes requests on. What the service says of its own address is made
    the address of the front."""

    def __init__(self, behind: str, certificate: Certificate) -> None:
        self.url = ""
        self._behind = behind
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificate.certificate, certificate.key)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(START_SECONDS)
        return self

    def __exit__(self, *error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(START_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._session = ClientSession(auto_decompress=True)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self._context)
        await site.start()
        self.url = f"https://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _close(self) -> None:
        await self._session.close()
        await self._runner.cleanup()

    async def _pass_on(self, request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        url, body = f"{self._behind}{request.raw_path}", await request.read()
        async with self._session.request(request.method, url, data=body or None, headers=headers) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in HOP_BY_HOP}
            found = (await answer.read()).replace(self._behind.encode(), self.url.encode())
            return web.Response(status=answer.status, body=found, headers=kept)
