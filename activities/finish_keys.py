"""Makes rejects of the rows that have no document left, chunk by chunk, when all keys of the run are compared."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from outlast.calls import KeysAnswer, RunCall
from outlast.cosmos.bulk.staged_document import Named, Patch, StagedDocument
from outlast.errors import Permanent
from outlast.models import MIRROR, SNAPSHOT_ID, Json, Payload, Totals
from outlast.runs.fence import Gate
from outlast.runs.record import RunRecord
from outlast.staging.chunk_list import ChunkList
from outlast.staging.input import InputFiles
from outlast.staging.key_items import FIRST, LAST
from outlast.staging.manifests import Manifest, Manifests
from outlast.staging.part_windows import PartWindow, read_windows
from outlast.staging.parts import Generated
from outlast.staging.rejects import Reject, encode_rejects, limited
from outlast.staging.resolved import LOST, ChunkSummary, Placed, Resolved, Summary
from outlast.staging.row_fields import row_fields, with_files
from outlast.staging.shard_reader import rows_of

MOST_SHOWN = 100
"""Characters of an id in a reject."""
BECAUSE = {
    LAST: "{other} has the same id and partition key, and the later row wins: {name}",
    FIRST: "{other} has the same id and partition key, and the first row wins: {name}",
}
ALL_LOSE = "{other} has the same id and partition key, and the report takes none of them: {name}"


@dataclass(frozen=True, slots=True)
class FinishCursor(Payload):
    """`chunk` is the first chunk that is not done; `rejected` counts rows of those before."""

    chunk: int = 0
    rejected: int = 0


@dataclass(frozen=True, slots=True)
class FinishKeys:
    gate: Gate
    files: InputFiles

    async def finish_keys(self, given: Json) -> Json:
        """Input: RunCall. Returns a KeysAnswer; its totals count the rejects of the whole run."""
        call = RunCall.from_dict(given)
        record, fence, deadline = await self.gate.enter(call, "resolving")
        chunks = await self.files.stored_chunks(record)
        resolved = Resolved(self.files.staging, record.resolved_folder, chunks)
        cursor = FinishCursor.from_dict(call.cursor or {})
        summary = await resolved.summed_up()
        if record.request.mode == MIRROR:
            await self._finish_manifest(record, summary)
        heads = await resolved.heads(LOST, summary)
        for chunk in resolved.chunks_of(heads):
            if chunk < cursor.chunk:
                continue
            await fence.check()
            counted = await self._reject(record, resolved, chunk, await resolved.of(LOST, heads, chunk))
            cursor = FinishCursor(chunk + 1, cursor.rejected + counted.rejected)
            if deadline.passed():
                return KeysAnswer(cursor.to_dict()).to_dict()
        return KeysAnswer(None, Totals(rejected=cursor.rejected).to_dict()).to_dict()

    async def _finish_manifest(self, record: RunRecord, summary: Summary) -> None:
        """Stage what the run will have stored. Raises Permanent where it would delete too much."""
        known, gone, most = summary.count("known"), summary.count("gone"), record.request.max_delete_percent
        if gone * 100 > most * known:
            raise Permanent(
                f"{gone:,} of {known:,} documents of {record.request.report} are not in the input any more, and "
                f"at most {most:g} % may be deleted (max_delete_percent); nothing was written; if that is right, "
                "start the report with a larger max_delete_percent"
            )
        stretches = [one.stretch for one in summary.stretches if one.first < one.after]
        manifest = Manifest(record.id, summary.count("documents"), stretches)
        await Manifests(self.files.staging, record.request.report).keep_whole(manifest)

    async def _reject(self, record: RunRecord, resolved: Resolved, chunk: int, lost: Sequence[Placed]) -> ChunkSummary:
        """Stage the rejects of one chunk and their number."""
        texts = await self._texts(record, chunk, lost)
        fields = await row_fields(self.files, record, chunk) if texts else {}
        rejects = [Reject(row, "id", "duplicate", text, fields.get(row, [])) for row, text in texts.items()]
        counted = ChunkSummary(len(lost), await rows_of(self.files, record, chunk, texts))
        listed = with_files(await self.files.chunks(record), limited(rejects))
        await resolved.keep_chunk(chunk, counted, encode_rejects(listed))
        return counted

    async def _texts(self, record: RunRecord, chunk: int, lost: Sequence[Placed]) -> dict[int, str]:
        """Why each row is rejected that has lost all its documents, in the order of the rows."""
        of_part, texts = defaultdict[int, list[Placed]](list), dict[int, str]()
        listed = await self.files.chunks(record)
        for one in lost:
            of_part[one.part].append(one)
        generated = Generated(self.files.staging, record.parts_folder, chunk)
        async for part, answer in generated.parts():
            if part in of_part:
                read = read_windows(generated, part, answer, record.request.mode)
                windows = [_seen(window, of_part[part]) async for window in read]
                texts |= _texts(windows, of_part[part], record.request.duplicates, listed)
        return dict(sorted(texts.items()))


@dataclass(frozen=True, slots=True)
class _Seen:
    """Of a window: the documents that each row has there, and the ids of those that are lost by their offsets."""

    documents: Counter[int]
    names: dict[int, str]


def _seen(window: PartWindow, lost: Iterable[Placed]) -> _Seen:
    offsets = {one.offset for one in lost}
    found = [(one, at) for one, at in zip(window.documents, window.begins, strict=True) if at in offsets]
    return _Seen(Counter(one.row for one in window.documents), {at: _name(one) for one, at in found})


def _texts(windows: Iterable[_Seen], lost: Sequence[Placed], rule: str, listed: ChunkList) -> Iterator[tuple[int, str]]:
    """Row and text. Of several documents of a row the one is named whose winner is the last one of the file, or the
    first one where the first row wins."""
    documents, names = Counter[int](), dict[int, str]()
    for window in windows:
        documents += window.documents
        names |= window.names
    left = documents - Counter(one.row for one in lost)
    ordered = sorted(lost, key=lambda one: (one.other, names[one.offset]), reverse=rule == FIRST)
    named = {one.row: one for one in ordered if not left[one.row]}
    template = BECAUSE.get(rule, ALL_LOSE)
    for row, one in named.items():
        yield row, template.format(other=listed.place(one.other), name=names[one.offset][:MOST_SHOWN])


def _name(document: StagedDocument) -> str:
    """The id that the report gave."""
    if isinstance(document, Named | Patch):
        return document.id
    parsed = document.parsed()
    return str(parsed.get(SNAPSHOT_ID, parsed["id"]))
