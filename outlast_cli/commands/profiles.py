"""Shows, chooses and forgets the apps that are known."""

from typing import Annotated

import typer

from outlast_cli.errors import Usage
from outlast_cli.profiles import Profiles, profiles_path, read_profiles, write_profiles
from outlast_cli.session import JsonOption, Session, session


def profiles(
    context: typer.Context,
    use: Annotated[str | None, typer.Option("--use", metavar="NAME", help="Use this one from now on.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the apps that are known, or choose the one that is used."""
    with session(context, as_json=as_json) as s:
        path = profiles_path(s.machine.environ)
        known = read_profiles(path)
        if use is not None:
            known = known.using(_known(known, use))
            write_profiles(path, known)
        _show(s, known)


def logout(
    context: typer.Context,
    profile: Annotated[str, typer.Argument(metavar="NAME", help="The profile to forget.")],
) -> None:
    """Forget an app and its key."""
    with session(context) as s:
        path = profiles_path(s.machine.environ)
        known = read_profiles(path)
        write_profiles(path, known.without(_known(known, profile)))
        if known.named[profile].key is None:
            s.machine.keys.delete(profile)
        s.output.note(f"Forgot {profile}.")


def _known(known: Profiles, name: str) -> str:
    if name not in known.named:
        raise Usage(f"There is no profile {name}; there are: {', '.join(known.named) or 'none'}")
    return name


def _show(s: Session, known: Profiles) -> None:
    if s.output.as_json:
        shown = [{"name": name, "url": one.url, "current": name == known.current} for name, one in known.named.items()]
        s.output.data({"profiles": shown})
        return
    rows = [("*" if name == known.current else "", name, one.url) for name, one in known.named.items()]
    s.output.table(("", "PROFILE", "ADDRESS"), rows)
