"""The request units of one physical partition, second by second."""

from collections import deque

HISTORY = 300  # seconds remembered for tests and the control API


class Budget:
    """A rate for each second; an operation is served while the second is not overdrawn, its debt is carried."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.second = 0
        self.used = 0.0
        self.history: deque[tuple[int, float]] = deque([(0, 0.0)], maxlen=HISTORY)

    def wait_ms(self, now: float) -> float:
        """Milliseconds until something is left; 0 when an operation is served now."""
        second = int(now)
        if second != self.second:
            self._turn(second)
        if self.used < self.rate:
            return 0.0
        return (second + int(self.used / self.rate) - now) * 1000.0

    def spend(self, charge: float) -> None:
        """Take the charge of an operation that was served."""
        self.used += charge
        self.history[-1] = (self.second, self.history[-1][1] + charge)

    def _turn(self, second: int) -> None:
        passed = max(0, second - self.second)
        self.used = max(0.0, self.used - self.rate * passed)
        self.second = second
        self.history.append((second, 0.0))
