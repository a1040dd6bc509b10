"""Compares keys in one of two ways that give the same."""

from outlast.staging.compare_items import compare_items
from outlast.staging.to_compare import Outcome, ToCompare

MANY = 100_000
"""Documents of a run, new and known. To load numpy takes as long as comparing a third of these, and 10 MB."""


def compare_keys(given: ToCompare, documents: int) -> Outcome:
    """What comes of some buckets of the keys of a run that has so many documents, new and known."""
    if given.manifests is None or documents < MANY:
        return compare_items(given)
    from outlast.staging.compare_arrays import compare_arrays  # imports numpy, which a small run must not wait for

    return compare_arrays(given)
