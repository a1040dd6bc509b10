"""The Azure host's texts of failures, on which programs match."""

import json

from local.host.durable.events import Event, Kind

CHANGED = "Was a change made to the orchestrator code after this instance had already started running?"
BEFORE = "Non-Deterministic workflow detected: A previous execution of this orchestration scheduled"
MADE_BY = {
    Kind.TASK_SCHEDULED: "ScheduleTaskOrchestratorAction",
    Kind.CHILD_CREATED: "CreateSubOrchestrationAction",
    Kind.TIMER_CREATED: "CreateTimerOrchestratorAction",
    Kind.EVENT_SENT: "SendEventOrchestratorAction",
}


class Mismatch(Exception):
    """The orchestrator's code no longer does what its history says it did."""

    @classmethod
    def missing(cls, event: Event) -> "Mismatch":
        """This replay has not scheduled the task."""
        comma = "" if event["EventType"] == Kind.TIMER_CREATED else ","
        now = f"{comma} but the current replay execution hasn't (yet?) scheduled this task."
        return cls(f"{BEFORE} {_known(event)}{now} {CHANGED}")

    @classmethod
    def of_kind(cls, event: Event, kind: Kind) -> "Mismatch":
        """This replay has scheduled another kind of task."""
        which = "at" if event["EventType"] == Kind.CHILD_CREATED else "with"
        now = f"but the current orchestration replay instead produced a {MADE_BY[kind]} action {which} this"
        return cls(f"{BEFORE} {_named(event)} {now} sequence number. {CHANGED}")

    @classmethod
    def of_name(cls, event: Event, name: str) -> "Mismatch":
        """This replay has called another function."""
        now = "but the current orchestration replay instead scheduled"
        if event["EventType"] == Kind.CHILD_CREATED:
            now += f" a sub-orchestration task with name {name} at this sequence number."
        else:
            now += f" an activity task named '{name}' with this sequence number. "
        return cls(f"{BEFORE} {_named(event)} {now} {CHANGED}")


def _known(event: Event) -> str:
    """Describe a task of the history with everything that is known about it."""
    if event["EventType"] == Kind.TIMER_CREATED:
        return f"a timer task with sequence number {event['EventId']}"
    if event["EventType"] == Kind.EVENT_SENT:
        return f"a send event task with sequence ID {event['EventId']} and instance ID '{event['InstanceId']}'"
    version = f"version '{event.get('Version') or ''}'"
    if event["EventType"] == Kind.TASK_SCHEDULED:
        return f"an activity task with sequence ID {event['EventId']} and name '{event['Name']}' ({version})"
    return (
        f"a sub-orchestration task with sequence ID {event['EventId']} and name '{event['Name']}' "
        f"({version}, instance ID '{event['InstanceId']}')"
    )


def _named(event: Event) -> str:
    """Describe a task of the history as it stands before the words about the new action."""
    if event["EventType"] == Kind.TASK_SCHEDULED:
        return f"an activity task with sequence number {event['EventId']} named '{event['Name']}',"
    return f"{_known(event)} named" if event["EventType"] == Kind.TIMER_CREATED else f"{_known(event)},"


def activity_reason(name: str, error: str) -> str:
    """Return the text of an activity that raised. The second blank is the Azure host's."""
    return f"Activity function '{name}' failed:  {error}"


def activity_broken(name: str, error: str) -> str:
    """Return the text of an activity that the host could not run to its end: a timeout, or a worker that died."""
    return f"Activity function '{name}' failed: {error}"


def timed_out(name: str, seconds: float) -> str:
    """Return the text of a function that ran longer than functionTimeout."""
    return f"Timeout value of {timespan(seconds)} was exceeded by function: Functions.{name}"


def exited(executable: str, code: int) -> str:
    """Return the text of a worker process that ended by itself. A signal counts from 128."""
    number = 128 - code if code < 0 else code
    return f"{executable} exited with code {number} (0x{number:X})"


def unknown(name: str, kind: str, known: list[str]) -> str:
    """Return the text of a name that no function of the app has."""
    article = "an" if kind[0] in "aeiou" else "a"
    listed = ", ".join(f"'{n}'" for n in sorted(known))
    return (
        f"The function '{name}' doesn't exist, is disabled, or is not {article} {kind} function. "
        f"Additional info: The following are the known {kind} functions: {listed}."
    )


def exception_details(error: str, stack: str) -> str:
    """Return the details of an activity's failure, with the members that programs read."""
    message = f"Result: Failure\nException: {error}\nStack: {stack}"
    inner = {
        "$type": "Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException, Microsoft.Azure.WebJobs.Script",
        "IsUserException": False,
        "RemoteStackTrace": stack,
        "RemoteMessage": error,
        "Message": message,
    }
    return _details("System.Exception, System.Private.CoreLib", f" {error}", inner)


def host_details(kind: str, message: str) -> str:
    """Return the details of a failure that the host itself found."""
    return _details(f"Microsoft.Azure.WebJobs.{kind}, Microsoft.Azure.WebJobs.Host", message, None)


def child_details(message: str) -> str:
    """Return the text that follows the reason of a child's failure."""
    _, _, own = message.partition(" failed: ")
    return f"Message: {own or message}, StackTrace: none"


def timespan(seconds: float) -> str:
    """Format a duration as .NET writes it."""
    whole = int(seconds)
    text = f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"
    fraction = round((seconds - whole) * 10_000_000)
    return f"{text}.{fraction:07}" if fraction else text


def _details(kind: str, message: str, inner: dict[str, object] | None) -> str:
    return json.dumps(
        {"$type": kind, "ClassName": kind.partition(",")[0], "Message": message, "InnerException": inner},
        ensure_ascii=False,
        separators=(",", ":"),
    )
