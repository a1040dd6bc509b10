"""Route templates and query strings."""

from typing import Any

import pytest

from local.host.http.routes import NotATemplate, find, normalised, query_of, route_of


def parameters(template: str, path: str, **binding: Any) -> dict[str, str] | None:
    """Return the parameters that a template takes from a path under the prefix."""
    found = find([route_of("f", {"route": template, **binding}, "api")], "GET", path)
    return found[1] if found else None


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("a/{b}", "/api/a/x", {"b": "x"}),
        ("a/{b}", "/api/a", None),
        ("a/{b?}", "/api/a", {}),
        ("a/{b?}", "/api/a/", {}),
        ("a/{b=c}", "/api/a", {"b": "c"}),
        ("a/{b=c}", "/api/a/d", {"b": "d"}),
        ("a/{*rest}", "/api/a/x/y", {"rest": "x/y"}),
        ("a/{*rest}", "/api/a", {}),
        ("a/{b}.{c}", "/api/a/x.y", {"b": "x", "c": "y"}),
        ("a/{b:int}", "/api/a/x", None),
        ("a/{b:guid}", "/api/a/0f8fad5b-d9cb-469f-a165-70867728950e", {"b": "0f8fad5b-d9cb-469f-a165-70867728950e"}),
        ("a/{b:length(2,3)}", "/api/a/xyz", {"b": "xyz"}),
        ("a/{b:length(2,3)}", "/api/a/wxyz", None),
        ("a/{b:minlength(2)}", "/api/a/x", None),
        ("a/{b:regex(x+)}", "/api/a/xxx", {"b": "xxx"}),
        ("a/{b}", "/api/a/w%C3%B6rd%20x", {"b": "wörd x"}),
        ("a/{b}", "/api/a/x%2Fy", {"b": "x%2Fy"}),
        ("a/{b}", "/api/a/%2e%2e%2fx", {"b": "..%2fx"}),
        ("a/{b}", "/api/a/%ff", {"b": "%ff"}),
        ("A/{b}", "/API/a/x", {"b": "x"}),
        ("wörd/{b}", "/api/w%C3%B6rd/x", {"b": "x"}),
        ("a/{b-c}", "/api/a/x", {"b-c": "x"}),
        ("a/{b:regex(^\\d{{3}}$)}", "/api/a/123", {"b": "123"}),
        ("a/{b:regex(^\\d{{3}}$)}", "/api/a/1234", None),
        ("a/{b:regex(x/y)=z}/c", "/api/a/z/c", None),
        ("a/{b:int:min(10)?}", "/api/a", {}),
        ("a/{b:int:min(10)?}", "/api/a/9", None),
        ("a/{b:int=7}", "/api/a", {"b": "7"}),
        ("a/{**rest}", "/api/a/x/y", {"rest": "x/y"}),
        ("/a/", "/api/a", {}),
    ],
)
def test_a_template_takes_what_fits(template: str, path: str, expected: dict[str, str] | None) -> None:
    """A template matches paths with optional, default, catch-all, compound and constrained parameters in any case and
    encoding."""
    assert parameters(template, path) == expected


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/api/%2e%2e%2fx", "/api/..%2fx"),
        ("/api/w%c3%b6rd%20x", "/api/w%C3%B6rd%20x"),
        ("/api/%41%zz%ff", "/api/A%25zz%ff"),
    ],
)
def test_a_function_sees_the_path_as_the_real_host_gives_it(path: str, given: str) -> None:
    """A function sees a path decoded except slashes and bytes that are not UTF-8, and encoded where necessary."""
    assert normalised(path) == given


def test_a_function_without_a_route_has_its_name() -> None:
    """A function without a route serves every method under its own name."""
    for binding in ({}, {"route": ""}):
        route = route_of("hello", binding, "api")
        assert route.match("/api/hello") == {}
        assert "PATCH" in route.methods


def test_an_empty_prefix_leaves_the_route_alone() -> None:
    """An empty routePrefix in host.json adds nothing to a route."""
    assert route_of("f", {"route": "a"}, "").match("/a") == {}


def test_the_first_route_that_fits_is_taken() -> None:
    """A request goes to the first route whose method and constraints fit it."""
    given = [("post", "{x}", ["POST"]), ("number", "{x:int}", None), ("any", "{x}", None), ("never", "a", None)]
    routes = [route_of(name, {"route": template, "methods": methods}, "api") for name, template, methods in given]
    found = [find(routes, method, path) for method, path in (("POST", "/api/7"), ("GET", "/api/7"), ("GET", "/api/a"))]
    assert [f[0].function for f in found if f] == ["post", "number", "any"]
    assert find(routes, "GET", "/api/a/b") is None


@pytest.mark.parametrize("template", ["a/{b", "a/{b:nonsense}", "a/}b{", "a/{}", "a/{b:regex([)}"])
def test_a_template_that_cannot_be_understood_names_its_function(template: str) -> None:
    """A template that cannot be parsed raises NotATemplate with the function's name."""
    with pytest.raises(NotATemplate, match="'f'"):
        parameters(template, "/")


def test_a_query_is_read_as_the_real_host_reads_it() -> None:
    """A query's repeated keys are joined in any case, keys without a value are dropped, and invalid escapes are kept,
    as on the Azure host."""
    query = "a=1&A=3&b=x+y&c&d=&e=%zz&%66=g"
    assert query_of(query) == {"a": "1,3", "b": "x y", "d": "", "e": "%zz", "f": "g"}
