from typing import Any

import pytest

from outlast.cosmos.costs import SYSTEM_BYTES, IndexedTerms, create_units

DOCUMENT: dict[str, Any] = {"id": "a", "shop": "x", "lines": [{"sku": 1, "n": 2}, {"sku": 3, "n": 4}], "at": {"x": 1}}


@pytest.mark.parametrize(
    ("kilobytes", "units"), [(0.5, 4.95), (1, 4.95), (2, 6.29), (3, 6.48), (64, 22.67), (2048, 1250.0), (4096, 2500.0)]
)
def test_a_create_costs_by_its_size(kilobytes: float, units: float) -> None:
    """A create costs what the table says of its size, and between two sizes what lies on the line between them."""
    assert create_units(int(kilobytes * 1024) - SYSTEM_BYTES, 0) == pytest.approx(units)


def test_a_create_costs_by_its_terms() -> None:
    """Each indexed term costs a fifth of a request unit."""
    assert create_units(100, 10) == pytest.approx(6.95)


@pytest.mark.parametrize(
    ("policy", "terms"),
    [
        (None, 7),
        ({"includedPaths": [{"path": "/*"}], "excludedPaths": [{"path": '/"_etag"/?'}]}, 7),
        ({"indexingMode": "none"}, 0),
        ({"includedPaths": [{"path": "/*"}], "excludedPaths": [{"path": "/lines/*"}]}, 3),
        ({"includedPaths": [{"path": "/shop/?"}], "excludedPaths": [{"path": "/*"}]}, 1),
        ({"includedPaths": [{"path": "/lines/[]/sku/?"}, {"path": "/at/*"}], "excludedPaths": [{"path": "/*"}]}, 3),
        ({"includedPaths": [{"path": "/*"}, {"path": "/lines/[]/n/?"}], "excludedPaths": [{"path": "/lines/*"}]}, 5),
    ],
)
def test_the_most_precise_path_decides_what_is_indexed(policy: dict[str, Any] | None, terms: int) -> None:
    """Each scalar value is a term where the most precise path of the policy that fits includes it."""
    assert IndexedTerms(policy).count(DOCUMENT) == terms


def test_queried_paths_are_a_policy_of_their_own() -> None:
    """A policy of queried paths indexes these and nothing else."""
    assert IndexedTerms.of_paths(("/shop", "/lines/*")).count(DOCUMENT) == 5
