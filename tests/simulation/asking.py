"""A world in which somebody asks the app for something again and again, beside all that goes on in it."""

from tests.simulation.world import World


class AskingWorld(World):
    """A round begins when nothing else can go on, and the next one when it has ended or the host has died."""

    asking = False

    def _may_ask(self) -> bool:
        """Whether there is somebody who asks now."""
        return bool(self.accepted)

    async def _ask(self) -> None:
        """One round."""
        raise NotImplementedError

    async def _pass_time(self) -> None:
        if not self.asking and self._may_ask():
            self.asking = True
            self.scheduler.spawn(self._round())
        await super()._pass_time()

    async def _die(self) -> None:
        await super()._die()
        self.asking = False

    async def _round(self) -> None:
        await self._ask()
        self.asking = False
