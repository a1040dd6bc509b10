"""Route templates of HTTP triggers: the function that a request is for, and its route parameters."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from local.host.http.constraints import Check, Unknown, checks_of

ALL_METHODS = ("GET", "POST", "DELETE", "HEAD", "PATCH", "PUT", "OPTIONS")
BRACED = r"\{(?:[^{}]|\{\{|\}\})*\}(?!\})"  # inside a parameter a brace is written twice
PARAMETER = re.compile(BRACED)
INSIDE = re.compile(r"(\*{0,2})([^:=?]+)((?::\w+(?:\(.*?\)(?=:|=|\?|$))?)*)(?:=(.*?))?(\?)?", re.DOTALL)
RESERVED = ("admin", "runtime")  # the Azure host serves no function whose route begins with these letters


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A named part of a template."""

    name: str
    rest: bool  # takes the rest of the path, with its slashes
    checks: list[Check]
    default: str | None
    optional: bool


@dataclass(frozen=True, kw_only=True)
class Route:
    """An HTTP trigger and the requests that it takes."""

    function: str
    template: str
    address: str  # the template with its prefix
    methods: frozenset[str]
    level: str
    pattern: re.Pattern[str]
    parameters: list[Parameter]  # in the order of the pattern's groups

    def match(self, path: str) -> dict[str, str] | None:
        """Return the route parameters if the decoded path fits, else None."""
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        given: dict[str, str] = {}
        for parameter, text in zip(self.parameters, found.groups(), strict=True):
            value = text or parameter.default
            if value is not None and not all(check(value) for check in parameter.checks):
                return None
            if value:
                given[parameter.name] = value
        return given

    def conflicts(self, other: "Route") -> bool:
        """Return whether both are for the same requests. The Azure host does not take one template twice."""
        return self.template.lower() == other.template.lower() and bool(self.methods & other.methods)


class NotATemplate(Exception):
    """A route that cannot be parsed."""


def route_of(function: str, binding: dict[str, Any], prefix: str) -> Route:
    """Return the route of a function from its trigger's binding. Without a route it is the function's name."""
    template = (binding.get("route") or function).strip("/")
    parts = [(part, list(_parameters(part, function))) for part in _segments(f"{prefix}/{template}") if part]
    return Route(
        function=function,
        template=template,
        address="/" + f"{prefix}/{template}".strip("/"),
        methods=frozenset(str(m).upper() for m in binding.get("methods") or ALL_METHODS),
        level=str(binding.get("authLevel") or "function").lower(),
        pattern=re.compile("".join(_piece(*part, function) for part in parts) + "/?", re.IGNORECASE | re.DOTALL),
        parameters=[parameter for _, parameters in parts for parameter in parameters],
    )


def find(routes: Iterable[Route], method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Return the first route that takes this method and path, with its parameters."""
    decoded = _decode(path)
    for route in routes:
        if method in route.methods and (parameters := route.match(decoded)) is not None:
            return route, parameters
    return None


def query_of(text: str) -> dict[str, str]:
    """Parse a query string as the Azure host does: values of one key, in any case, are joined by commas."""
    found: dict[str, tuple[str, list[str]]] = {}
    for pair in text.split("&"):
        name, equals, value = (unquote(part.replace("+", " ")) for part in pair.partition("="))
        if equals and name:
            found.setdefault(name.lower(), (name, []))[1].append(value)
    return {name: ",".join(values) for name, values in found.values()}


def _segments(template: str) -> list[str]:
    """Return the parts between slashes. A slash inside braces divides nothing."""
    return re.findall(rf"(?:{BRACED}|[^/])+", template)


def _parameters(part: str, function: str) -> Iterator[Parameter]:
    for found in PARAMETER.finditer(part):
        inside = INSIDE.fullmatch(found[0][1:-1].replace("{{", "{").replace("}}", "}"))
        if inside is None:
            raise NotATemplate(f"The route of function {function!r} holds {found[0]!r}, which is not a parameter.")
        try:
            checks = checks_of(inside[3])
        except Unknown as error:
            text = f"The route of function {function!r} has the constraint {str(error)!r}, unknown to this host."
            raise NotATemplate(text) from None
        yield Parameter(
            name=inside[2], rest=bool(inside[1]), checks=checks, default=inside[4], optional=bool(inside[5])
        )


def _piece(part: str, parameters: list[Parameter], function: str) -> str:
    """Return a path segment as a regular expression with its slash and a group for each parameter."""
    if len(parameters) == 1 and PARAMETER.fullmatch(part):
        (only,) = parameters
        group = "(.*)" if only.rest else "([^/]+)"
        return f"(?:/{group})?" if only.rest or only.optional or only.default is not None else f"/{group}"
    literals = PARAMETER.sub("\0", part).split("\0")
    if any("{" in text or "}" in text for text in literals):
        raise NotATemplate(f"The route of function {function!r} holds {part!r}, which is not a parameter.")
    return "/" + "([^/]+)".join(map(re.escape, literals))


def _decode(text: str) -> str:
    """Decode percent signs, except slashes, which would divide a parameter, and bytes that are not UTF-8."""
    return re.sub("(?:%(?!2[fF])[0-9a-fA-F]{2})+", _decoded, text)


def _decoded(found: re.Match[str]) -> str:
    try:
        return unquote(found[0], errors="strict")
    except UnicodeDecodeError:
        return found[0]


def normalised(path: str) -> str:
    """Return a path as the Azure host gives it to functions: decoded except slashes, then encoded where necessary."""
    decoded = re.sub("%(?![0-9a-fA-F]{2})", "%25", _decode(path))
    return quote(decoded, safe="/!$&'()*+,-.:;=@_~%")
