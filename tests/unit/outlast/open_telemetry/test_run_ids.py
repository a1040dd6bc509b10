"""The ids of a run's trace and spans."""

import hashlib

from opentelemetry.context import attach, detach
from opentelemetry.trace import get_current_span

from outlast.open_telemetry.run_ids import ChosenIds, below, links_to_host, phase_span_id, run_span_id, trace_id


def test_ids_follow_from_the_run() -> None:
    """The trace is the hash of the run's id that anybody can compute, and no two spans of a run have the same id."""
    assert f"{trace_id('r1'):032x}" == hashlib.sha256(b"r1").hexdigest()[:32]
    ids = [
        run_span_id("r1"),
        run_span_id("r1", 1),
        run_span_id("r1", 2),
        phase_span_id("r1", 1, "storing"),
        phase_span_id("r1", 2, "storing"),
        phase_span_id("r1", 1, "reading"),
    ]
    assert len(set(ids)) == len(ids)
    assert all(0 < each < 2**64 for each in ids)


def test_what_stands_below_a_span_is_in_its_trace() -> None:
    """The context of a parent names the run's trace and the parent, which is sampled."""
    parent = get_current_span(below("r1", 7)).get_span_context()
    assert (parent.trace_id, parent.span_id, parent.trace_flags.sampled) == (trace_id("r1"), 7, True)


def test_only_chosen_ids_are_chosen() -> None:
    """Ids are those that were chosen, and random ones before and after."""
    ids = ChosenIds()
    with ids.chosen(1, 2):
        assert (ids.generate_trace_id(), ids.generate_span_id()) == (1, 2)
    assert ids.generate_trace_id() != ids.generate_trace_id()
    assert ids.generate_span_id() != ids.generate_span_id()


def test_without_a_span_of_the_host_there_is_no_link() -> None:
    """Where the host does not trace the call, nothing is linked."""
    assert links_to_host() == []


def test_the_span_of_the_host_is_linked() -> None:
    """Where the host traces the call, what is made in it has a link to the host's span."""
    token = attach(below("r1", 7))
    try:
        (link,) = links_to_host()
    finally:
        detach(token)
    assert (link.context.trace_id, link.context.span_id) == (trace_id("r1"), 7)
