"""Sums without any rounding, so that they depend neither on the order of the values nor on how these were divided.

A float is a whole number over a power of two, and a Decimal a whole number over a power of ten. Each kind is added as
whole numbers of any size, and the sum is rounded once, at the end.
"""

from collections.abc import Iterable
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any

from outlast.aggregates.values import LARGEST_EXPONENT, refuse_not_finite

Sums = list[int]
"""Sum of the ints and floats, its power of two, the number of floats; the same for the Decimals, by powers of ten."""
_WIDE = Context(prec=4000, Emax=999_999, Emin=-999_999)


def nothing() -> Sums:
    return [0, 0, 0, 0, 0, 0]


def accept(value: Any) -> None:
    """Raise TypeError or ValueError for what cannot be added."""
    if not isinstance(value, int | float | Decimal):
        raise TypeError(f"a {type(value).__name__} cannot be added up; give a number")
    refuse_not_finite(value)
    if isinstance(value, Decimal) and not _is_countable(value):
        raise ValueError("a Decimal of so many digits cannot be added exactly")


def add(sums: Sums, value: int | float | Decimal, times: int = 1) -> Sums:
    if isinstance(value, Decimal):
        number, ten, _ = _of_decimal(value)
        return add_parts(sums, [0, 0, 0, number * times, ten, times])
    if isinstance(value, int):
        sums[0] += value * times << sums[1]
        return sums
    above, below = value.as_integer_ratio()
    power = below.bit_length() - 1
    if power > sums[1]:
        sums[0] <<= power - sums[1]
        sums[1] = power
    sums[0] += above * times << (sums[1] - power)
    sums[2] += times
    return sums


def add_parts(sums: Sums, others: Sums) -> Sums:
    for at, base in ((0, 2), (3, 10)):
        power = max(sums[at + 1], others[at + 1])
        mine, theirs = (one[at] * base ** (power - one[at + 1]) for one in (sums, others))
        sums[at : at + 3] = mine + theirs, power, sums[at + 2] + others[at + 2]
    return sums


def merged(many: Iterable[Sums]) -> Sums:
    sums = nothing()
    for one in many:
        add_parts(sums, one)
    return sums


def total(sums: Sums) -> int | float | Decimal:
    """The sum in the type of its values: a float where any was a float, a Decimal where any was a Decimal."""
    above, power, floats, _, _, decimals = sums
    _refuse_mixed(floats, decimals)
    if decimals:
        return _decimal(sums)
    return above / (1 << power) if floats else above


def mean(sums: Sums, count: int) -> float | Decimal:
    """The sum over the count, rounded once."""
    above, power, floats, _, _, decimals = sums
    _refuse_mixed(floats, decimals)
    return _decimal(sums) / count if decimals else above / (count << power)


def in_lowest_terms(sums: Sums) -> Sums:
    """The same sums, written in one way only."""
    above, power, floats, tens, ten, decimals = sums
    if power:
        ratio = Fraction(above, 1 << power)
        above, power = ratio.numerator, ratio.denominator.bit_length() - 1
    return [above, power, floats, tens, ten, decimals]


def _decimal(sums: Sums) -> Decimal:
    """The sum of Decimals and ints with as many places as its longest Decimal."""
    above, _, _, tens, ten, _ = sums
    return Decimal(tens + above * 10**ten).scaleb(-ten, _WIDE)


def _of_decimal(value: Decimal) -> Sums:
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    number = int(Decimal((sign, digits, 0))) * 10 ** max(0, exponent)
    return [number, max(0, -exponent), 1]


def _is_countable(value: Decimal) -> bool:
    _, digits, exponent = value.as_tuple()
    return len(digits) <= 2 * LARGEST_EXPONENT and abs(int(exponent)) <= 2 * LARGEST_EXPONENT


def _refuse_mixed(floats: int, decimals: int) -> None:
    if floats and decimals:
        raise TypeError("floats and Decimals cannot be added together; make all of them one type")
