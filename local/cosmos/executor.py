"""Item operations, metered, throttled, counted, and subject to fault rules."""

from dataclasses import dataclass

from local.cosmos.errors import CosmosError, throttled
from local.cosmos.faults import Effect, Faults, Target
from local.cosmos.operations import Operation, Outcome, perform, read
from local.cosmos.partitions import Partition
from local.cosmos.replicas import Replica
from local.cosmos.state import Container, Database
from local.cosmos.transaction import Transaction


@dataclass(slots=True)
class Executor:
    """Runs the operations of one request on one container."""

    tx: Transaction
    database: Database
    faults: Faults
    now: float
    effect: Effect | None = None  # of fault rules on the whole response
    replica: Replica | None = None  # that answered in place of the partition

    @property
    def container(self) -> Container:
        return self.tx.container

    def admit(self, partition: Partition) -> None:
        """Raises 429 while the request units of the partition's second are used up."""
        wait = partition.budget.wait_ms(self.now)
        if wait:
            raise throttled(wait)

    def run(self, partition: Partition, op: Operation) -> Outcome:
        """Meters, runs and counts one operation; raises CosmosError where it fails."""
        try:
            self.admit(partition)
            outcome = self.run_unmetered(partition, op)
        except CosmosError as error:
            self.account_for(partition, op.kind, error.status, error.charge)
            raise
        self.account_for(partition, op.kind, outcome.status, outcome.charge)
        return outcome

    def run_unmetered(self, partition: Partition, op: Operation) -> Outcome:
        """Runs one operation of a request that is charged as a whole."""
        return self._with_faults(partition, op) if self.faults.rules else perform(self.tx, partition, op)

    def account_for(self, partition: Partition, kind: str, status: int, charge: float) -> None:
        """Takes the charge from the partition's budget, and counts the operation."""
        if charge:
            partition.budget.spend(charge)
        self.tx.container.counts[partition.id, kind, status] += 1

    def target(self, partition: Partition | None, kind: str) -> Target:
        """The operation as fault rules match it."""
        return Target(self.database.name, self.container.name, partition.id if partition is not None else None, kind)

    def _with_faults(self, partition: Partition, op: Operation) -> Outcome:
        effect = self.faults.fire(self.target(partition, op.kind))
        if effect is None:
            return perform(self.tx, partition, op)
        if effect.when == "before":
            self.take(effect)
            outcome = self._perform(partition, op, effect.lag)
        else:
            outcome = self._perform(partition, op, effect.lag)
            self.take(effect)
        return outcome

    def _perform(self, partition: Partition, op: Operation, lag: float) -> Outcome:
        if not lag or op.session_lsn is None:
            return perform(self.tx, partition, op)
        self.replica = self.container.replica(partition, self.now - lag, op.session_lsn)
        return read(self.replica, op)

    def take(self, effect: Effect) -> None:
        """Keeps the delay and reset for the response, and raises the status of the rule."""
        if effect.delay or effect.reset:
            self.effect = effect.joined(self.effect)
        effect.raise_status()
