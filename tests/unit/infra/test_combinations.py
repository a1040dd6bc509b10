"""What would be deployed with each combination of parameters that changes more than a value."""

from typing import Any

import pytest

from tests.unit.infra.compiled import COMBINATIONS, Resource, combination, needs_compiler, roles_of
from tests.unit.infra.infra_files import containers
from tests.unit.infra.test_compiled import COSMOS_ACCOUNT, DEPLOYER_ROLES, ROLES, SECRETS_USER
from tests.unit.infra.test_settings_given import APP, HOST, LEFT_OUT

pytestmark = needs_compiler

NAMES = sorted(path.stem for path in COMBINATIONS.glob("*.bicepparam"))
PRIVATE = {"network", "existing-account"}
WITHOUT_MAIL = {"without-mail"}
SCHEDULER = "Microsoft.DurableTask/schedulers"
BY_SCHEDULER = {
    "AzureFunctionsJobHost__extensions__durableTask__hubName": "outlast-scheduler",
    "AzureFunctionsJobHost__extensions__durableTask__storageProvider__type": "azureManaged",
    "AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName": (
        "DURABLE_TASK_SCHEDULER_CONNECTION_STRING"
    ),
}
SCHEDULER_ROLE = ("schedulers", "0ad04412-c4d5-4796-b79c-f76d14c8d402")  # Durable Task Data Contributor


def of_type(name: str, kind: str) -> list[Resource]:
    return [each for each in combination(name) if each["type"] == kind]


def one(name: str, kind: str) -> Any:
    """Return the properties of the one resource of a type."""
    (found,) = of_type(name, kind)
    return found["properties"]


@pytest.mark.parametrize("name", NAMES)
def test_the_app_has_the_settings_that_it_reads_and_no_other(name: str) -> None:
    """The settings are those of the host and those of settings.py, but for the ones that are left out with a reason."""
    given = one(name, "Microsoft.Web/sites/config")
    more = {*BY_SCHEDULER, "DURABLE_TASK_SCHEDULER_CONNECTION_STRING"} if name == "scheduler" else set()
    assert set(given) == HOST | (APP - LEFT_OUT) | more


@pytest.mark.parametrize("name", NAMES)
def test_the_identity_has_its_roles(name: str) -> None:
    """Nobody has a role that the combination does not need."""
    vault = set() if name in WITHOUT_MAIL else {("vaults", SECRETS_USER)}
    scheduler = {SCHEDULER_ROLE, *DEPLOYER_ROLES} if name == "scheduler" else set()
    assert roles_of(combination(name)) == ROLES | vault | scheduler


@pytest.mark.parametrize("name", NAMES)
def test_the_database_has_each_container_with_its_keys(name: str) -> None:
    """The database has the containers of containers.json, and the identity may write documents."""
    made = of_type(name, f"{COSMOS_ACCOUNT}/sqlDatabases/containers")
    keys = {
        each["properties"]["resource"]["id"]: each["properties"]["resource"]["partitionKey"]["paths"] for each in made
    }
    assert keys == {each["name"]: each["partitionKeys"] for each in containers()}
    assert of_type(name, f"{COSMOS_ACCOUNT}/sqlRoleAssignments")


@pytest.mark.parametrize("name", NAMES)
def test_every_resource_is_tagged(name: str) -> None:
    """Each resource that has tags has that of the environment, and one has that of the service."""
    tags = [each["tags"] for each in combination(name) if "tags" in each]
    assert {each["azd-env-name"] for each in tags} == {"test"}
    assert [each["azd-service-name"] for each in tags if "azd-service-name" in each] == ["api"]


@pytest.mark.parametrize("name", NAMES)
def test_storage_and_database_are_public_or_in_the_network(name: str) -> None:
    """Without the network both answer on public addresses, and with it on private ones only."""
    private = name in PRIVATE
    storage, site = one(name, "Microsoft.Storage/storageAccounts"), one(name, "Microsoft.Web/sites")
    accounts = [each["properties"] for each in of_type(name, COSMOS_ACCOUNT)]
    assert {each["publicNetworkAccess"] for each in [storage, *accounts]} == {"Disabled" if private else "Enabled"}
    assert storage["networkAcls"]["defaultAction"] == ("Deny" if private else "Allow")
    assert (site.get("virtualNetworkSubnetId") or "").endswith("/subnets/app") == private
    assert len(of_type(name, "Microsoft.Network/privateEndpoints")) == (4 if private else 0)


def test_each_service_has_a_private_name() -> None:
    """Blobs, queues, tables and documents have an endpoint, and a zone that the network looks names up in."""
    ends = [each["properties"] for each in of_type("network", "Microsoft.Network/privateEndpoints")]
    groups = [end["privateLinkServiceConnections"][0]["properties"]["groupIds"][0] for end in ends]
    assert groups == ["blob", "queue", "table", "Sql"]
    assert {end["subnet"]["id"].rsplit("/", 1)[1] for end in ends} == {"endpoints"}
    for kind in ("privateDnsZones", "privateDnsZones/virtualNetworkLinks", "privateEndpoints/privateDnsZoneGroups"):
        assert len(of_type("network", f"Microsoft.Network/{kind}")) == 4


def test_the_network_has_the_addresses_that_were_given() -> None:
    """The app's subnet is delegated as Flex Consumption asks for, and both lie in the given addresses."""
    app, endpoints = one("network", "Microsoft.Network/virtualNetworks")["subnets"]
    assert (app["properties"]["addressPrefix"], endpoints["properties"]["addressPrefix"]) == (
        "10.1.0.0/24",
        "10.1.1.0/24",
    )
    assert app["properties"]["delegations"][0]["properties"]["serviceName"] == "Microsoft.App/environments"


def test_an_account_that_is_there_gets_a_database_alone() -> None:
    """No account is made; database, containers, role and private endpoint are those of the account in its own group."""
    assert of_type("existing-account", COSMOS_ACCOUNT) == []
    inside = [each for each in combination("existing-account") if each["type"].startswith(f"{COSMOS_ACCOUNT}/")]
    account = "/resourceGroups/rg-data/providers/Microsoft.DocumentDB/databaseAccounts/reports"
    assert all(f"{account}/" in each["id"] for each in inside)
    assert account in one("existing-account", "Microsoft.Web/sites/config")["COSMOS_ENDPOINT"]
    ends = of_type("existing-account", "Microsoft.Network/privateEndpoints")
    assert account in str(ends[-1]["properties"]["privateLinkServiceConnections"])


def test_the_scheduler_takes_the_place_of_the_task_hub() -> None:
    """The host finds its task hub in the scheduler, by identity, under a name that no hub of the storage has."""
    given = one("scheduler", "Microsoft.Web/sites/config")
    assert {name: given[name] for name in BY_SCHEDULER} == BY_SCHEDULER
    assert "Authentication=ManagedIdentity" in given["DURABLE_TASK_SCHEDULER_CONNECTION_STRING"]
    (hub,) = of_type("scheduler", f"{SCHEDULER}/taskHubs")
    assert hub["name"].endswith("/outlast-scheduler")
    assert [of_type(name, SCHEDULER) for name in NAMES if name != "scheduler"] == [[]] * (len(NAMES) - 1)


def test_the_addresses_of_alerts_are_told() -> None:
    """Each address that was given is in the one action group, and without addresses none is made."""
    receivers = one("alerts", "Microsoft.Insights/actionGroups")["emailReceivers"]
    assert [each["emailAddress"] for each in receivers] == ["a@example.com", "b@example.com"]
    assert of_type("serverless", "Microsoft.Insights/actionGroups") == []
