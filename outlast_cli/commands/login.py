"""Keeps address and key of an app."""

from typing import Annotated

import typer

from outlast_cli.address import Address, clean_key, clean_url, is_loopback
from outlast_cli.errors import Usage
from outlast_cli.profiles import Profile, profiles_path, read_profiles, write_profiles
from outlast_cli.session import JsonOption, Session, session

DEFAULT = "default"


def login(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="The app's address, such as https://NAME.azurewebsites.net")],
    profile: Annotated[str, typer.Option("--profile", metavar="NAME", help="The name to keep it under.")] = DEFAULT,
    key: Annotated[
        str | None,
        typer.Option("--key", help="The function key; - reads it from standard input. Asked for if missing."),
    ] = None,
    store: Annotated[str, typer.Option("--store", help="Where the key goes: auto, keyring or file.")] = "auto",
    allow_http: Annotated[
        bool, typer.Option("--allow-http", help="Send the key without TLS to another machine.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Keep the address and key of an app, and use it from now on.

    The key goes into the system's keyring, or into a file that only you can read. OUTLAST_URL and OUTLAST_KEY win
    over it.
    """
    with session(context, None if profile == DEFAULT else profile, as_json) as s:
        address = clean_url(url)
        if address.startswith("http://") and not is_loopback(address) and not allow_http:
            raise Usage(f"{address} would get the key without encryption", "Give https://…, or --allow-http")
        if store not in ("auto", "keyring", "file"):
            raise Usage(f"--store {store} is not known", "Give auto, keyring or file")
        secret = _key(key)
        reports = _tried(s, Address(url=address, key=secret, source="login"))
        place = _keep(s, profile, Profile(url=address, key=secret), store)
        _tell(s, {"profile": profile, "url": address, "key_in": place, "reports": reports})


def _key(given: str | None) -> str:
    if given == "-":
        given = typer.get_text_stream("stdin").readline()
    text = given if given is not None else str(typer.prompt("Function key", hide_input=True, err=True))
    return clean_key(text, "What was given")


def _tried(s: Session, address: Address) -> int:
    """Call the app with the key, so that a wrong one is not kept. Return how many reports it has."""
    with s.api_of(address) as api:
        return len(api.get("/api/reports")["reports"])


def _keep(s: Session, name: str, profile: Profile, store: str) -> str:
    path = profiles_path(s.machine.environ)
    in_keyring = store != "file" and s.machine.keys.put(name, profile.key or "")
    if store == "keyring" and not in_keyring:
        raise Usage("This machine has no keyring that can be used", "Give --store file")
    kept = Profile(url=profile.url) if in_keyring else profile
    write_profiles(path, read_profiles(path).with_profile(name, kept, current=True))
    return "keyring" if in_keyring else str(path)


def _tell(s: Session, told: dict[str, object]) -> None:
    if s.output.as_json:
        s.output.data(told)
    else:
        s.output.line(f"Logged in to {told['url']} as profile {told['profile']}; the key is in {told['key_in']}.")
        s.output.note("Next: outlast reports")
