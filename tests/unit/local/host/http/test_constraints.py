"""Constraints of route parameters."""

import pytest

from local.host.http.constraints import Unknown, checks_of


@pytest.mark.parametrize(
    ("constraint", "fits", "does_not"),
    [
        (":int", ["1", "-5", "2147483647"], ["x", "1.5", "2147483648", ""]),
        (":long", ["2147483648"], ["9223372036854775808"]),
        (":alpha", ["abcXYZ"], ["a1"]),
        (":bool", ["true", "False"], ["yes"]),
        (":double", ["1.5", "-2e3", "7"], ["one"]),
        (":guid", ["0f8fad5b-d9cb-469f-a165-70867728950e", "0f8fad5bd9cb469fa16570867728950e"], ["0f8f"]),
        (":datetime", ["2026-01-31", "2026-01-31T10:00:00", "01/31/2026"], ["2026-02-31", "soon"]),
        (":required", ["x"], [""]),
        (":min(3)", ["3", "4"], ["2", "x"]),
        (":max(3)", ["3", "-4"], ["4"]),
        (":range(1,5)", ["1", "5"], ["0", "6"]),
        (":minlength(2)", ["ab"], ["a"]),
        (":maxlength(2)", ["ab", ""], ["abc"]),
        (":length(2)", ["ab"], ["a", "abc"]),
        (":length(2,3)", ["ab", "abc"], ["a", "abcd"]),
        (":regex(^\\d{3}-x$)", ["123-x", "123-X"], ["12-x"]),
        (":regex(a(b|c)d)", ["xabd"], ["ad"]),
        (":int:min(10)", ["10"], ["9", "x"]),
    ],
)
def test_a_constraint_takes_what_the_real_hosts_does(constraint: str, fits: list[str], does_not: list[str]) -> None:
    """Each constraint of ASP.NET Core, alone or combined, accepts the values that the Azure host accepts."""
    checks = checks_of(constraint)
    assert [value for value in [*fits, *does_not] if all(check(value) for check in checks)] == fits


@pytest.mark.parametrize("text", [":nonsense", ":range(x)", ":range(1)", ":regex([)", ":int(", ":min"])
def test_a_constraint_that_is_none_is_told_apart(text: str) -> None:
    """A constraint with an unknown name or wrong arguments raises Unknown."""
    with pytest.raises(Unknown):
        checks_of(text)
