"""Route templates of HTTP triggers: which function a request is for, and its route parameters."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

ALL_METHODS = ("GET", "POST", "DELETE", "HEAD", "PATCH", "PUT", "OPTIONS")
PARAMETER = re.compile(r"\{(\*{0,2})(\w+)((?::[^{}:=?]+(?:\([^)]*\))?)*)(?:=([^}?]*))?(\?)?\}")
CONSTRAINTS = {
    "int": r"-?\d+",
    "long": r"-?\d+",
    "alpha": r"[A-Za-z]+",
    "bool": r"[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]",
    "decimal": r"-?\d+(?:\.\d+)?",
    "double": r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?",
    "float": r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?",
    "guid": r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
}


@dataclass(frozen=True, kw_only=True)
class Route:
    """An HTTP trigger and the requests it takes."""

    function: str
    methods: frozenset[str]
    level: str
    pattern: re.Pattern[str]
    defaults: dict[str, str]
    rank: tuple[int, ...]  # literal parts before parameters, before catch-alls

    def match(self, path: str) -> dict[str, str] | None:
        """The route parameters when the path fits."""
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        given = {name: _decode(value) for name, value in found.groupdict().items() if value}
        return {**self.defaults, **given}


class NotATemplate(Exception):
    """A route that cannot be understood."""


def route_of(function: str, binding: dict[str, Any], prefix: str) -> Route:
    """The route of a function, from its trigger's binding."""
    template = binding.get("route")
    parts = [p for p in f"{prefix}/{function if template is None else template}".split("/") if p]
    pieces = [_piece(part, function) for part in parts]
    defaults = {m[2]: m[4] for part in parts for m in PARAMETER.finditer(part) if m[4] is not None}
    methods = [str(m).upper() for m in binding.get("methods") or ALL_METHODS]
    return Route(
        function=function,
        methods=frozenset(methods),
        level=str(binding.get("authLevel") or "function").lower(),
        pattern=re.compile("".join(p for p, _ in pieces) + "/?", re.IGNORECASE),
        defaults=defaults,
        rank=tuple(r for _, r in pieces),
    )


def find(routes: Iterable[Route], method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The first route, most literal first, that takes this method and path."""
    for route in sorted(routes, key=lambda r: r.rank):
        if method in route.methods and (parameters := route.match(path)) is not None:
            return route, parameters
    return None


def query_of(text: str) -> dict[str, str]:
    """A query string as a function sees it: repeated keys joined by commas, keys without a value dropped."""
    found: dict[str, list[str]] = {}
    for pair in text.split("&"):
        name, equals, value = pair.partition("=")
        if equals and name:
            found.setdefault(unquote(name.replace("+", " ")), []).append(unquote(value.replace("+", " ")))
    return {name: ",".join(values) for name, values in found.items()}


def _piece(part: str, function: str) -> tuple[str, int]:
    """A path segment as a regular expression with its slash, and how far behind literals it ranks."""
    whole = PARAMETER.fullmatch(part)
    if whole and (whole[1] or whole[5] or whole[4] is not None):
        inner = ".*" if whole[1] else "[^/]+"
        return f"(?:/(?P<{whole[2]}>{_constrained(inner, whole[3], function)}))?", 2 + bool(whole[1])
    expression, position = "", 0
    for found in PARAMETER.finditer(part):
        expression += re.escape(part[position : found.start()])
        expression += f"(?P<{found[2]}>{_constrained('[^/]+', found[3], function)})"
        position = found.end()
    rest = part[position:]
    if "{" in rest or "}" in rest:
        raise NotATemplate(f"The route of function {function!r} holds {part!r}, which is not a parameter.")
    return "/" + expression + re.escape(rest), bool(position)


def _constrained(inner: str, constraints: str, function: str) -> str:
    for name in filter(None, constraints.split(":")):
        if name in CONSTRAINTS:
            inner = CONSTRAINTS[name]
        elif name.startswith("regex(") and name.endswith(")"):
            inner = name[6:-1]
        elif length := re.fullmatch(r"(min|max)?length\((\d+)(?:,(\d+))?\)", name):
            low, high = length[2], length[3] or length[2]
            bounds = {"min": f"{{{low},}}", "max": f"{{0,{low}}}"}.get(length[1] or "", f"{{{low},{high}}}")
            inner = f"[^/]{bounds}"
        else:
            raise NotATemplate(f"The route of function {function!r} has the constraint {name!r}, unknown to this host.")
    return inner


def _decode(text: str) -> str:
    """Percent-decoded but for the slash, which would change what the parameter is part of."""
    return unquote(re.sub("%2[fF]", "%252F", text))
