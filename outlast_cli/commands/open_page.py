"""Opens the page of a run in a browser."""

from typing import Annotated
from urllib.parse import quote

import typer

from outlast_cli.address import Address
from outlast_cli.errors import CommandError
from outlast_cli.exit_codes import ExitCode
from outlast_cli.runs import find_id
from outlast_cli.session import JsonOption, ProfileOption, session

PAGE = "/api/ui"


def open_page(
    context: typer.Context,
    run: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="The run; without it, the page of all runs.")
    ] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it, or only print the address.")] = True,
    profile: ProfileOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open the page of a run, or that of all runs, in the browser.

    The page asks for the key itself. On a terminal the address of an app on this machine has the key in it.
    """
    with session(context, profile, as_json) as s:
        if s.api.ask("GET", PAGE).status_code == 404:
            raise CommandError(f"{s.address.url} has no page", ExitCode.MISSING, "outlast show RUN shows a run here.")
        url = _address(s.address, find_id(s.api, run) if run else None, with_key=s.output.for_people)
        if s.output.as_json:
            s.output.data({"url": url})
        else:
            s.output.raw(url)
        if browser and s.output.for_people:
            s.machine.browse(url)


def _address(app: Address, run: str | None, *, with_key: bool) -> str:
    """The page's address. A key stands behind the #, which no server sees, and is given for this machine alone."""
    route = f"/runs/{quote(run, safe='')}" if run else "/runs"
    if with_key and app.is_local and app.key:
        return f"{app.url}{PAGE}#key={quote(app.key, safe='')}&to={route}"
    return f"{app.url}{PAGE}" + (f"#{route}" if run else "")
