"""The parameters of the deployment are documented, and azd gives each a value."""

import re

import pytest

from outlast.settings import Settings
from tests.unit.infra.infra_files import BICEP, NO_DEFAULT, azd_values, parameters, table_rows

WRITTEN_IN_THE_FILE = {"tags"}
"""Parameters that are objects. A variable of azd is a text, so their value is written into the file by hand."""
DOCUMENTED = table_rows("Parameters")


def test_every_parameter_has_its_row() -> None:
    """The table of parameters has each parameter of main.bicep, in the same order, and no other."""
    assert list(DOCUMENTED) == list(parameters())


@pytest.mark.parametrize("name", parameters())
def test_a_row_has_variable_default_and_reason(name: str) -> None:
    """A row says how azd is given the value, which default it has, and why."""
    variable, default, reason = DOCUMENTED[name]
    value = azd_values().get(name, "")
    assert variable == (f"`{value.strip('${}').split('=')[0]}`" if value else "none: edit the file")
    assert default.strip("`") == parameters()[name]
    assert len(reason) > 20


def test_azd_gives_every_parameter() -> None:
    """main.parameters.json has each parameter of main.bicep but those that a text cannot give."""
    assert set(azd_values()) == set(parameters()) - WRITTEN_IN_THE_FILE


@pytest.mark.parametrize("name", azd_values())
def test_azd_has_the_default_of_the_template(name: str) -> None:
    """A variable that is not set means the default of main.bicep; one without a default is asked for."""
    default = parameters()[name]
    written = "" if default == NO_DEFAULT else "=" if default == "empty" else f"={default}"
    assert re.fullmatch(rf"\$\{{[A-Z_]+{re.escape(written)}\}}", azd_values()[name])


@pytest.mark.parametrize("name", ["cosmosDatabase", "maxRuns", "maxParallel", "maxStagedBytes"])
def test_a_parameter_has_the_default_of_its_setting(name: str) -> None:
    """A parameter that is a setting of the app has the default that the app has."""
    setting = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    assert parameters()[name] == str(Settings.model_fields[setting].default)


@pytest.mark.parametrize("name", BICEP)
def test_every_parameter_is_used(name: str) -> None:
    """Each parameter of a Bicep file is used in that file."""
    found = re.findall(r"^param (\w+) ", BICEP[name], re.MULTILINE)
    assert [each for each in found if len(re.findall(rf"\b{each}\b", BICEP[name])) < 2] == []
