"""Host, database and inbox together, as processes that end with this one."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Self

from azure.core.exceptions import AzureError
from azure.cosmos import DatabaseProxy

from local.child import Child
from local.console import LocalError, say
from local.cosmos import EMULATOR_KEY
from local.json_calls import CallError
from local.stack.link_secret import link_secret
from local.stack.ports import Ports, refuse_taken_ports
from local.stack.provision import containers_of, create_containers, load_samples, open_database
from local.stack.service import inbox_service, service
from local.stack.settings import sample_values


class Services:
    """`with Services(…) as services:` runs all three until the block ends, with the containers and samples in place."""

    host: Child
    cosmos: Child
    inbox: Child

    def __init__(
        self,
        app: Path,
        data: Path,
        ports: Ports,
        settings: Mapping[str, str],
        cosmos: Sequence[str] = (),
        host: Sequence[str] = (),
    ) -> None:
        """`settings` are the app's. A setting with the sample's value is replaced, so that it names these services.
        `cosmos` and `host` are further options of the database and the host."""
        self._app = app.resolve()
        self._data = data.resolve()
        self._ports = ports
        self._settings = settings
        self._cosmos_options = cosmos
        self._host_options = host
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        refuse_taken_ports(self._ports)
        with ExitStack() as stack:
            self.inbox = stack.enter_context(inbox_service(self._data / "mails", self._ports.inbox))
            self.cosmos = stack.enter_context(self._cosmos())
            self.host = stack.enter_context(self._host())
            self._create_containers()
            with self.open_database() as database:
                load_samples(database, self._app / "samples" / "database")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @property
    def function_key(self) -> str:
        """The key of the app's functions, from the host's file in Azure's layout."""
        secrets = json.loads((self._data / "host" / "secrets" / "host.json").read_text())
        return str(secrets["functionKeys"][0]["value"])

    def open_database(self) -> AbstractContextManager[DatabaseProxy]:
        """The app's database, for azure-cosmos."""
        return open_database(self.cosmos.url, EMULATOR_KEY, self._settings["COSMOS_DATABASE"])

    def watch(self) -> None:
        """Wait until a service ends by itself; raise LocalError then. Ctrl-C ends the wait.

        A report that is added meanwhile gets its container.
        """
        while True:
            if self.host.ready_again.is_set():
                self.host.ready_again.clear()
                self._create_new_containers()
            for name, part in (("host", self.host), ("database", self.cosmos), ("inbox", self.inbox)):
                if part.has_ended:
                    raise LocalError(f"The {name} ended by itself; its reason is above. Start again to go on.")
            time.sleep(0.5)

    def _create_containers(self) -> None:
        with self.open_database() as database:
            create_containers(database, containers_of(self.host.url, self.function_key))

    def _create_new_containers(self) -> None:
        try:
            self._create_containers()
        except (CallError, AzureError) as error:
            say(f"The container of a new report could not be created; the next start does it: {error}")

    def _cosmos(self) -> Child:
        arguments = ("--port", str(self._ports.cosmos), "--data", str(self._data / "cosmos"))
        return service("cosmos", *arguments, *self._cosmos_options)

    def _host(self) -> Child:
        data = str(self._data / "host")
        arguments = ("--app", str(self._app), "--port", str(self._ports.host), "--data", data)
        return service("host", *arguments, *self._host_options, environment=self._settings_here())

    def _settings_here(self) -> dict[str, str]:
        here = {
            "COSMOS_ENDPOINT": self.cosmos.url,
            "SENDGRID_HOST": self.inbox.url,
            "STAGING_URL": (self._data / "staging").as_uri(),
            "LINK_SECRET": link_secret(self._data / "host" / "secrets"),
            "PUBLIC_URL": f"http://127.0.0.1:{self._ports.host}" if self._ports.host else "",
        }
        usual = sample_values(self._app)
        return {
            name: here.get(name, value) if value == usual.get(name) else value for name, value in self._settings.items()
        }
