"""Every Bicep file parses without the compiler, and has only what was looked up."""

import re
from typing import Any

import pytest
from pycep import BicepParser

from tests.unit.infra.infra_files import BICEP

KNOWN_TYPES = {
    "Microsoft.Authorization/roleAssignments@2022-04-01",
    "Microsoft.DocumentDB/databaseAccounts@2024-11-15",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2024-11-15",
    "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2024-11-15",
    "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2024-11-15",
    "Microsoft.DurableTask/schedulers@2025-11-01",
    "Microsoft.DurableTask/schedulers/taskHubs@2025-11-01",
    "Microsoft.Insights/actionGroups@2023-01-01",
    "Microsoft.Insights/components@2020-02-02",
    "Microsoft.Insights/metricAlerts@2018-03-01",
    "Microsoft.Insights/scheduledQueryRules@2023-12-01",
    "Microsoft.Insights/webtests@2022-06-15",
    "Microsoft.Insights/workbooks@2023-06-01",
    "Microsoft.KeyVault/vaults@2023-07-01",
    "Microsoft.KeyVault/vaults/secrets@2023-07-01",
    "Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31",
    "Microsoft.Network/privateDnsZones@2020-06-01",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks@2020-06-01",
    "Microsoft.Network/privateEndpoints@2024-05-01",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01",
    "Microsoft.Network/virtualNetworks@2024-05-01",
    "Microsoft.OperationalInsights/workspaces@2023-09-01",
    "Microsoft.Resources/resourceGroups@2024-11-01",
    "Microsoft.Storage/storageAccounts@2023-05-01",
    "Microsoft.Storage/storageAccounts/blobServices@2023-05-01",
    "Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01",
    "Microsoft.Storage/storageAccounts/managementPolicies@2023-05-01",
    "Microsoft.Web/serverfarms@2024-04-01",
    "Microsoft.Web/sites@2024-04-01",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01",
    "Microsoft.Web/sites/config@2024-04-01",
}
"""Types with their version, each in use in public templates or in the documents of Azure."""


@pytest.mark.parametrize("name", BICEP)
def test_a_file_parses(name: str) -> None:
    """A parser that is not the compiler's reads the file, and finds each resource, module and parameter of its text."""
    parsed: Any = BicepParser().parse(text=BICEP[name])
    for kind, word in (("resources", "resource"), ("modules", "module"), ("parameters", "param")):
        assert set(parsed.get(kind, {})) == set(re.findall(rf"^{word} (\w+) ", BICEP[name], re.MULTILINE))


def test_every_type_was_looked_up() -> None:
    """Each type of resource has a version that was looked up, and the list names no other."""
    used = {found for text in BICEP.values() for found in re.findall(r"^resource \w+ '([^']+)'", text, re.MULTILINE)}
    assert used == KNOWN_TYPES


def test_nothing_is_fetched_to_compile() -> None:
    """Modules are files of this folder, so that the compiler needs no registry."""
    used = [found for text in BICEP.values() for found in re.findall(r"^module \w+ '([^']+)'", text, re.MULTILINE)]
    assert set(used) == set(BICEP) - {"main.bicep"}
