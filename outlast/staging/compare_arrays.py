"""Compares many keys of a mirror report, as arrays. `compare_items` gives the same for a few."""

import numpy as np

from outlast.staging.key_arrays import encode_records, find_losers, sorted_documents
from outlast.staging.mirror_arrays import compare, encode_manifest
from outlast.staging.resolved import LOST, SAME
from outlast.staging.to_compare import Outcome, ToCompare


def compare_arrays(given: ToCompare) -> Outcome:
    documents, tables = sorted_documents(given.pieces), dict[str, bytes]()
    loses, other = find_losers(documents, given.rule)
    if len(losers := np.flatnonzero(loses)):
        tables[LOST] = encode_records(given.table, given.places, documents, losers, other)
        documents = documents.only(np.flatnonzero(~loses))
    unchanged, gone, known = compare(documents, given.manifests or (), based=given.based)
    if len(same := np.flatnonzero(unchanged)):
        made = documents.entries["documents"]
        tables[SAME] = encode_records(given.table, given.places, documents, same, made)
    manifest = encode_manifest(documents)
    return Outcome(len(losers), len(documents), len(same), known, gone, tables, manifest)
