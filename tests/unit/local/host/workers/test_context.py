"""The context of a function that asks for it."""

import re

from local.host.workers.context import THREADS, Context
from local.host.workers.worker import _run


def test_a_call_knows_its_name_folder_and_id() -> None:
    """A call's context has the function's name and folder, the call's id, no retries, and a trace of its own."""
    context = Context("f", "/app", "id")
    assert (context.function_name, context.function_directory, context.invocation_id) == ("f", "/app", "id")
    assert (context.retry_context.retry_count, context.retry_context.max_retry_count) == (0, 0)
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-00", context.trace_context.trace_parent)
    assert context.trace_context.trace_parent != Context("f", "/app", "id").trace_context.trace_parent


def test_the_thread_that_runs_a_call_holds_its_id() -> None:
    """A function that runs in a thread finds the call's id in the thread's storage, and the next call does not."""
    context = Context("f", "/app", "id")
    assert _run(lambda: context.thread_local_storage.invocation_id, {}, "id") == "id"
    assert THREADS.invocation_id is None
