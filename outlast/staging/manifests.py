"""The manifests of a mirror report: which documents its runs have stored, each with the hash of its content.

A run stages its manifest before it writes anything, by stretches of hashes. It stays when the files of the run are
removed, as long as the report's header names it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import orjson

from outlast.models import Payload
from outlast.staging.key_ranges import read_buckets
from outlast.staging.mirror_items import MANIFEST, ManifestPiece
from outlast.staging.paths import manifest_path, manifests_folder
from outlast.staging.resolved import Stretch
from outlast.staging.store import Staging

AT_ONCE = 64
"""Files that are deleted at the same time."""


@dataclass(frozen=True, slots=True)
class Manifest(Payload):
    """`summary.json` of a run's manifest: its stretches, and how many documents it has."""

    run: str
    documents: int
    stretches: Sequence[Stretch]

    @classmethod
    def decoded(cls, data: bytes) -> Self:
        return cls.from_dict(orjson.loads(data))


@dataclass(frozen=True, slots=True)
class Manifests:
    """Those of one report."""

    staging: Staging
    report: str

    async def keep(self, run: str, stretch: Stretch, manifest: bytes) -> None:
        await self.staging.put(self._path(run, stretch), manifest)

    async def keep_whole(self, manifest: Manifest) -> None:
        """Stage the summary, when all stretches are there."""
        path = manifest_path(self.report, manifest.run, "summary.json")
        await self.staging.put(path, orjson.dumps(manifest.to_dict()))

    async def find(self, run: str) -> Manifest | None:
        data = await self.staging.get(manifest_path(self.report, run, "summary.json"))
        return None if data is None else Manifest.decoded(data)

    async def read(self, manifest: Manifest, stretch: Stretch) -> ManifestPiece:
        """The entries and names of these buckets, however the manifest is divided."""
        first, after = stretch
        overlapping = [(max(a, first), min(b, after), (a, b)) for a, b in manifest.stretches if a < after and first < b]
        found = await asyncio.gather(*(self._piece(manifest.run, of, a, b) for a, b, of in overlapping))
        doubtful = await self._doubtful(manifest.run)
        return ManifestPiece(b"".join(one[0] for one in found), b"".join(one[1] for one in found), doubtful)

    async def doubt(self, run: str, keys: Sequence[bytes]) -> None:
        """Note that the content of these documents is not known, because the database refused them."""
        for key in keys:
            await self.staging.put(manifest_path(self.report, run, f"doubtful/{key.hex()}"), b"")

    async def keep_only(self, run: str) -> None:
        """Remove the manifests of all other runs."""
        own = manifest_path(self.report, run, "")
        paths = [path for path, _ in await self.staging.list(manifests_folder(self.report))]
        others = [path for path in paths if not path.startswith(own)]
        for first in range(0, len(others), AT_ONCE):
            await self.staging.delete_all(others[first : first + AT_ONCE])

    async def _piece(self, run: str, of: Stretch, first: int, after: int) -> tuple[bytes, bytes]:
        path = self._path(run, of)
        head = await self.staging.get_range(path, 0, MANIFEST.head)
        entries, names = await read_buckets(self.staging, path, MANIFEST, head, (first, after))
        return entries, names or b""

    async def _doubtful(self, run: str) -> frozenset[bytes]:
        listed = await self.staging.list(manifest_path(self.report, run, "doubtful"))
        return frozenset(bytes.fromhex(path.rpartition("/")[2]) for path, _ in listed)

    def _path(self, run: str, stretch: Stretch) -> str:
        return manifest_path(self.report, run, f"{stretch[0]:03}-{stretch[1]:03}.manifest")
