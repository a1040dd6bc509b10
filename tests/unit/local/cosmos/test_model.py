"""The emulator gives the same answers as a dictionary, whatever the order of the requests."""

import os
from typing import Any

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from local.cosmos.hashing import canonical
from tests.contract.cosmos_emulator.clients import operation
from tests.unit.local.cosmos.emulating import Emulated

EXAMPLES = int(os.environ.get("SOAK_SEEDS", "30"))
KEYS = st.sampled_from(["a", "b", 2, True, None])
IDS = st.sampled_from(["x", "y", "z"])
VALUES = st.integers(0, 3) | st.lists(st.integers(-9, 9), max_size=2) | st.dictionaries(st.text("pq"), st.booleans())
KINDS = st.sampled_from(["Create", "Upsert", "Replace", "Read", "Patch", "Delete"])
ETAGS = st.sampled_from(["none", "current", "old"])


class Documents(RuleBasedStateMachine):
    """Writes of every kind on a few keys and ids, with and without conditions, over partitions that split."""

    @initialize(partitions=st.integers(1, 3))
    def start(self, partitions: int) -> None:
        """Both the container and the dictionary are empty at the start."""
        self.emulated = Emulated(partitions, throughput=1_000_000)
        self.model: dict[tuple[Any, str], dict[str, Any]] = {}
        self.etags: dict[tuple[Any, str], str] = {}

    @rule(key=KEYS, id_=IDS, value=VALUES)
    def create(self, key: Any, id_: str, value: Any) -> None:
        """A create returns 201, or 409 if the document exists."""
        there = (key, id_) in self.model
        response = self.emulated.item("POST", key, body={"id": id_, "pk": key, "v": value})
        assert response.status == (409 if there else 201)
        if not there:
            self._written(key, id_, value, response.headers["etag"])

    @rule(key=KEYS, id_=IDS, value=VALUES, condition=ETAGS)
    def upsert(self, key: Any, id_: str, value: Any, condition: str) -> None:
        """An upsert returns 201 or 200, or 412 if the document has another ETag than required."""
        there = (key, id_) in self.model
        headers = {"x_ms_documentdb_is_upsert": "true", **self._condition(key, id_, condition)}
        response = self.emulated.item("POST", key, body={"id": id_, "pk": key, "v": value}, **headers)
        failed = there and condition == "old"
        assert response.status == (412 if failed else 200 if there else 201)
        if not failed:
            self._written(key, id_, value, response.headers["etag"])

    @rule(key=KEYS, id_=IDS, value=VALUES, condition=ETAGS)
    def replace(self, key: Any, id_: str, value: Any, condition: str) -> None:
        """A replace returns 200, 404 or 412."""
        status = self._status_of_change(key, id_, condition, 200)
        headers = self._condition(key, id_, condition)
        response = self.emulated.item("PUT", key, id_, {"id": id_, "pk": key, "v": value}, **headers)
        assert response.status == status
        if status == 200:
            self._written(key, id_, value, response.headers["etag"])

    @rule(key=KEYS, ids=st.lists(IDS, min_size=2, max_size=2, unique=True), value=VALUES, batch=st.booleans())
    def rename(self, key: Any, ids: list[str], value: Any, batch: bool) -> None:
        """A replace under another id moves the document; a batch that then fails moves nothing."""
        old, new = ids
        body = {"id": new, "pk": key, "v": value}
        there, taken = (key, old) in self.model, (key, new) in self.model
        if batch:
            steps: list[dict[str, Any]] = [{"operationType": "Replace", "id": old, "resourceBody": body}]
            steps.append({"operationType": "Read", "id": old})
            assert self.emulated.batch(key, steps).status == 207
            return
        response = self.emulated.item("PUT", key, old, body)
        assert response.status == (404 if not there else 409 if taken else 200)
        if response.status == 200:
            del self.model[key, old], self.etags[key, old]
            self._written(key, new, value, response.headers["etag"])

    @rule(key=KEYS, id_=IDS, value=VALUES, condition=ETAGS, holds=st.sampled_from([None, True, False]))
    def patch(self, key: Any, id_: str, value: Any, condition: str, holds: bool | None) -> None:
        """A patch returns 200, 404, or 412 if the ETag differs or the patch's condition does not hold."""
        status = self._status_of_change(key, id_, condition, 200)
        body: dict[str, Any] = {"operations": [{"op": "set", "path": "/v", "value": value}]}
        if holds is not None:
            body["condition"] = f"from c where c.id {'=' if holds else '!='} '{id_}'"
            status = 412 if status == 200 and not holds else status
        response = self.emulated.item("PATCH", key, id_, body, **self._condition(key, id_, condition))
        assert response.status == status
        if status == 200:
            self._written(key, id_, value, response.headers["etag"])

    @rule(key=KEYS, steps=st.lists(st.tuples(KINDS, IDS, VALUES, ETAGS), min_size=1, max_size=6))
    def bulk(self, key: Any, steps: list[tuple[str, str, Any, str]]) -> None:
        """Bulk operations run one after the other, with the ETags of before the request."""
        etags = dict(self.etags)
        operations = [self._operation(key, step, etags) for step in steps]
        range_id = self.emulated.container.partition_of(canonical(key)).id
        results = orjson.loads(self.emulated.bulk(operations, range_id).body)
        for (kind, id_, value, condition), result in zip(steps, results, strict=True):
            there = (key, id_) in self.model
            known = etags.get((key, id_))
            stale = condition == "old" or (condition == "current" and known not in {None, self.etags.get((key, id_))})
            done = {"Delete": 204, "Create": 201, "Upsert": 200 if there else 201}.get(kind, 200)
            wrong = (409 if there else None) if kind == "Create" else None if there or kind == "Upsert" else 404
            stale = stale and there and kind not in {"Create", "Read"}
            assert result["statusCode"] == (wrong or (412 if stale else done)), (kind, id_, condition)
            if result["statusCode"] == 204:
                del self.model[key, id_], self.etags[key, id_]
            elif result["statusCode"] < 300 and kind != "Read":
                self._written(key, id_, value, result["eTag"])

    @rule(key=KEYS, id_=IDS, condition=ETAGS)
    def delete(self, key: Any, id_: str, condition: str) -> None:
        """A delete returns 204, 404 or 412."""
        status = self._status_of_change(key, id_, condition, 204)
        assert self.emulated.item("DELETE", key, id_, **self._condition(key, id_, condition)).status == status
        if status == 204:
            del self.model[key, id_], self.etags[key, id_]

    @rule(key=KEYS, id_=IDS)
    def read(self, key: Any, id_: str) -> None:
        """A read returns the last written document with its ETag."""
        response = self.emulated.item("GET", key, id_)
        if (key, id_) not in self.model:
            assert response.status == 404
            return
        document = orjson.loads(response.body)
        assert document.items() >= self.model[key, id_].items()
        assert document["_etag"] == self.etags[key, id_] == response.headers["etag"]

    @rule(key=KEYS, ids=st.lists(IDS, min_size=1, max_size=4), value=VALUES)
    def batch(self, key: Any, ids: list[str], value: Any) -> None:
        """A batch of creates writes all documents, or none if an id exists or comes twice."""
        operations = [{"operationType": "Create", "resourceBody": {"id": id_, "pk": key, "v": value}} for id_ in ids]
        results = orjson.loads(self.emulated.batch(key, operations).body)
        if len(set(ids)) == len(ids) and not any((key, id_) in self.model for id_ in ids):
            for id_, result in zip(ids, results, strict=True):
                self._written(key, id_, value, result["eTag"])
        else:
            assert sorted(r["statusCode"] for r in results)[-1] == 424 or [r["statusCode"] for r in results] == [409]

    @rule(at=st.integers(0, 5))
    def split(self, at: int) -> None:
        """A split changes no answer."""
        partitions = self.emulated.container.partitions
        if len(partitions) < 6:
            self.emulated.emulator.split(self.emulated.container, partitions[at % len(partitions)].id)

    @invariant()
    def holds_the_same(self) -> None:
        """The container holds the documents of the dictionary, each in the partition of its key."""
        assert self.emulated.documents() == self.model
        for partition in self.emulated.container.partitions:
            assert sum(len(group) for group in partition.groups.values()) == len(partition)
            for key in partition.groups:
                assert partition.low <= self.emulated.container.effective(key) < partition.high

    def _operation(self, key: Any, step: tuple[str, str, Any, str], etags: dict[Any, str]) -> dict[str, Any]:
        kind, id_, value, condition = step
        body: Any = {"id": id_, "pk": key, "v": value}
        if kind == "Patch":
            body = {"operations": [{"op": "set", "path": "/v", "value": value}]}
        named = {"none": None, "old": '"old"', "current": etags.get((key, id_))}[condition]
        more = {"ifMatch": named} if named and kind not in {"Create", "Read"} else {}
        return operation(kind, key, None if kind in {"Read", "Delete"} else body, id=id_, **more)

    def _condition(self, key: Any, id_: str, condition: str) -> dict[str, str]:
        etag = {"none": "", "old": '"old"', "current": self.etags.get((key, id_), '"nothing"')}[condition]
        return {"if_match": etag} if etag else {}

    def _status_of_change(self, key: Any, id_: str, condition: str, done: int) -> int:
        if (key, id_) not in self.model:
            return 404
        return 412 if condition == "old" else done

    def _written(self, key: Any, id_: str, value: Any, etag: str) -> None:
        assert etag not in self.etags.values()
        self.model[key, id_] = {"id": id_, "pk": key, "v": value}
        self.etags[key, id_] = etag


TestDocuments = Documents.TestCase
TestDocuments.settings = settings(max_examples=EXAMPLES, stateful_step_count=25, deadline=None)
