"""Tells the deployer's program that a run has ended, however it ended."""

import logging
from dataclasses import dataclass

from outlast.calls import RunCall, SendAnswer
from outlast.errors import Throttled
from outlast.models import Json
from outlast.runs.fence import find_pending
from outlast.runs.run_event import RunEvent
from outlast.runs.store import Runs
from outlast.webhook import Webhook


@dataclass(frozen=True, slots=True)
class SendWebhook:
    """`address` is the app's own, for the links in the event."""

    runs: Runs
    webhook: Webhook
    address: str

    async def send_webhook(self, given: Json) -> Json:
        """Input: RunCall. Returns a SendAnswer.

        An event that is not pending is not posted. One that is posted again, because its answer was lost, has the same
        key. A receiver that wants no more events is not asked again for this run.
        """
        call = RunCall.from_dict(given)
        record = await find_pending(self.runs, call, "webhook")
        if record is None:
            return SendAnswer(False).to_dict()
        event = RunEvent.of(record, self.address)
        try:
            if not await self.webhook.post(event.key, event.body):
                text = "run %s: the webhook answered 410 Gone, so its event is dropped; take WEBHOOK_URL out"
                logging.getLogger("outlast").error(text, record.id)
        except Throttled as error:
            return SendAnswer(False, error.seconds).to_dict()
        return SendAnswer(True).to_dict()
