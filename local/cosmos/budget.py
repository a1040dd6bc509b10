"""The request units of one physical partition, second by second."""

from collections import deque

HISTORY = 300  # seconds that the control API can show


class Budget:
    """Serves operations until the charges of a second reach the rate. The excess counts towards the next seconds."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.second = 0
        self.used = 0.0
        self.history: deque[tuple[int, float]] = deque([(0, 0.0)], maxlen=HISTORY)

    def wait_ms(self, now: float) -> float:
        """Milliseconds until an operation can be served; 0 means now."""
        second = int(now)
        if second != self.second:
            self._turn(second)
        if self.used < self.rate:
            return 0.0
        return (second + int(self.used / self.rate) - now) * 1000.0

    def spend(self, charge: float) -> None:
        """Adds the charge of a served operation."""
        self.used += charge
        self.history[-1] = (self.second, self.history[-1][1] + charge)

    def _turn(self, second: int) -> None:
        passed = max(0, second - self.second)
        self.used = max(0.0, self.used - self.rate * passed)
        self.second = second
        self.history.append((second, 0.0))
