"""What request units cost."""

from dataclasses import dataclass

from outlast.models import Json


@dataclass(frozen=True, slots=True)
class Prices:
    """What the deployer pays for a million request units, None where that is not set. No price ships with the app."""

    per_million_ru: float | None = None
    currency: str = ""

    def of(self, units: float | None) -> Json | None:
        """What so many request units cost; None without a price or where the number is not known."""
        if self.per_million_ru is None or units is None:
            return None
        amount = round(units * self.per_million_ru / 1e6, 6)
        return {"amount": amount, "currency": self.currency or None, "per_million_ru": self.per_million_ru}
