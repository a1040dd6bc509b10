"""What would be deployed, by the compiler's own evaluation of the template."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from outlast.staging.incoming_paths import ACCEPTED
from outlast.staging.paths import STARTING, folder_of
from outlast.staging.uploads import UPLOADS
from tests.unit.infra.compiled import (
    COMPILER,
    ROLE_ASSIGNMENT,
    SOMEBODY,
    Value,
    needs_compiler,
    of_type,
    resources,
    roles_of,
)
from tests.unit.infra.infra_files import INFRA, ROOT, containers, settings_given

pytestmark = needs_compiler

ROLES = {
    ("storageAccounts", "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"),  # Storage Blob Data Owner
    ("storageAccounts", "974c5e8b-45b9-4653-ba55-5f855dd0fb88"),  # Storage Queue Data Contributor
    ("storageAccounts", "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"),  # Storage Table Data Contributor
    ("components", "3913510d-42f4-4e42-8a64-420c390055eb"),  # Monitoring Metrics Publisher
}
DEPLOYER_ROLES = {("storageAccounts", "ba92f5b4-2d11-453d-a403-e96b0029c9fe")}  # Storage Blob Data Contributor
MAIL_KEY = "SG.planted"
VAULT = "Microsoft.KeyVault/vaults"
SECRETS_USER = "4633458b-17de-408a-874c-0445c86b69e6"
COSMOS_ACCOUNT = "Microsoft.DocumentDB/databaseAccounts"
OPTIONS = {
    "serverless": {},
    "autoscale": {"autoscaleSettings": {"maxThroughput": 4000}},
    "manual": {"throughput": 4000},
}


def properties(kind: str, **given: Value) -> Any:
    """Return the properties of the one resource of a type."""
    (resource,) = of_type(kind, **given)
    return resource["properties"]


def roles(**given: Value) -> set[tuple[str, str]]:
    return roles_of(resources(**given))


def check_infra(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run what `make infra` runs."""
    assert COMPILER
    return subprocess.run(
        [ROOT / "tools" / "check_infra.sh", folder],
        env={"PATH": "/usr/bin:/bin", "BICEP": COMPILER},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_every_file_builds_without_a_warning() -> None:
    """`make infra` builds and lints each Bicep file, and finds nothing."""
    ended = check_infra(INFRA)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_mistyped_property_fails_the_build(tmp_path: Path) -> None:
    """`make infra` fails for a property that the resource does not have, which the compiler only warns of."""
    for name in ("storage.bicep", "monitoring.bicep"):
        shutil.copy(INFRA / name, tmp_path)
    text = (tmp_path / "storage.bicep").read_text("utf-8")
    (tmp_path / "storage.bicep").write_text(text.replace("allowSharedKeyAccess", "allowSharedKeyAcess"), "utf-8")
    ended = check_infra(tmp_path)
    assert ended.returncode == 1
    assert "allowSharedKeyAcess" in ended.stderr


def test_the_site_has_its_settings_by_name() -> None:
    """The compiler finds the settings in the template that the tests without a compiler find in its text."""
    assert set(properties("Microsoft.Web/sites/config")) == settings_given()


def test_without_a_mail_key_there_is_no_vault() -> None:
    """Without a key of the mail service no vault is made, and the app's setting is empty, which counts as not set."""
    assert [each["type"] for each in resources() if "KeyVault" in each["type"]] == []
    assert properties("Microsoft.Web/sites/config")["SENDGRID_API_KEY"] == ""


def test_the_mail_key_is_in_the_vault_alone() -> None:
    """The app's setting refers to the vault, and the key itself is a secure parameter wherever it is used."""
    given = resources(sendgridApiKey=MAIL_KEY)
    assert [each["type"] for each in given if "KeyVault" in each["type"]] == [VAULT, f"{VAULT}/secrets"]
    setting = properties("Microsoft.Web/sites/config", sendgridApiKey=MAIL_KEY)["SENDGRID_API_KEY"]
    assert "@Microsoft.KeyVault(SecretUri=" in setting
    assert MAIL_KEY not in str(given)


@pytest.mark.parametrize(
    ("parameter", "setting", "secret"),
    [
        ("smtpUrl", "SMTP_URL", "smtp-url"),
        ("webhookSecret", "WEBHOOK_SECRET", "webhook-secret"),
        ("linkSecret", "LINK_SECRET", "link-secret"),
        ("otlpHeaders", "OTEL_EXPORTER_OTLP_HEADERS", "otlp-headers"),
    ],
)
def test_each_secret_is_in_the_vault_alone(parameter: str, setting: str, secret: str) -> None:
    """A secret that is given is in the vault and its setting refers to it; the settings of the others are empty."""
    given = resources(**{parameter: "planted-secret"})
    (stored,) = [each["name"] for each in given if each["type"] == f"{VAULT}/secrets"]
    assert stored.endswith(f", '{secret}')]")  # an expression, because the vault's name comes from a secure parameter
    settings = properties("Microsoft.Web/sites/config", **{parameter: "planted-secret"})
    assert "@Microsoft.KeyVault(SecretUri=" in settings[setting]
    assert f"parameters('secretNames').{parameter}" in settings[setting]
    assert settings["SENDGRID_API_KEY"] == ""
    assert "planted-secret" not in str(given)


def test_the_app_may_read_the_secret() -> None:
    """Where there is a vault, the identity has the role that reads its secrets."""
    assigned = of_type(ROLE_ASSIGNMENT, sendgridApiKey=MAIL_KEY)
    of_vault = [each["properties"] for each in assigned if "KeyVault" in each["id"]]
    assert [each["roleDefinitionId"].rsplit("/", 1)[1] for each in of_vault] == [SECRETS_USER]


def test_the_identity_has_the_roles_that_it_needs() -> None:
    """The identity has its roles on storage and telemetry, and nobody else has a role."""
    assert roles() == ROLES
    assert {each["properties"]["principalType"] for each in of_type(ROLE_ASSIGNMENT)} == {"ServicePrincipal"}


def test_a_deployer_gets_the_roles_of_data() -> None:
    """The person who deploys may upload inputs and read documents."""
    assert roles(principalId=SOMEBODY) == ROLES | DEPLOYER_ROLES
    of_cosmos = of_type(f"{COSMOS_ACCOUNT}/sqlRoleAssignments", principalId=SOMEBODY)
    assert [each["properties"]["principalId"] == SOMEBODY for each in of_cosmos] == [False, True]


def test_the_database_has_its_own_roles() -> None:
    """The identity has the Data Contributor role of Cosmos DB, which is no role of Azure RBAC."""
    given = properties(f"{COSMOS_ACCOUNT}/sqlRoleAssignments")
    assert given["roleDefinitionId"].endswith("/sqlRoleDefinitions/00000000-0000-0000-0000-000000000002")
    assert given["scope"].endswith(of_type(COSMOS_ACCOUNT)[0]["name"])


@pytest.mark.parametrize("mode", OPTIONS)
def test_containers_get_the_throughput_of_the_mode(mode: str) -> None:
    """Each container has its throughput by the mode; a serverless account takes none."""
    given = of_type(f"{COSMOS_ACCOUNT}/sqlDatabases/containers", cosmosMode=mode, cosmosThroughput=4000)
    assert [each["properties"]["options"] for each in given] == [OPTIONS[mode]] * len(containers())
    capabilities = properties(COSMOS_ACCOUNT, cosmosMode=mode, cosmosThroughput=4000)["capabilities"]
    assert capabilities == ([{"name": "EnableServerless"}] if mode == "serverless" else [])


def test_containers_have_their_keys_and_policies() -> None:
    """Each container has the partition key, the TTL and the indexing policy of containers.json, hashed by version 2."""
    given = [each["properties"]["resource"] for each in of_type(f"{COSMOS_ACCOUNT}/sqlDatabases/containers")]
    assert [
        {
            "name": each["id"],
            "partitionKeys": each["partitionKey"]["paths"],
            **{name: each[name] for name in ("defaultTtl", "indexingPolicy") if name in each},
        }
        for each in given
    ] == containers()
    assert {(each["partitionKey"]["kind"], each["partitionKey"]["version"]) for each in given} == {("Hash", 2)}


def test_a_hierarchical_key_has_its_own_kind(tmp_path: Path) -> None:
    """A container with two partition keys gets the kind of hierarchical keys."""
    infra = tmp_path / "infra"
    shutil.copytree(INFRA, infra)
    visits = {"name": "visits", "partitionKeys": ["/tenant", "/user"]}
    (infra / "containers.json").write_text(json.dumps([*containers(), visits]), "utf-8")
    (made,) = [each["properties"]["resource"] for each in resources(infra) if each["name"].endswith("/visits")]
    assert made["partitionKey"] == {"paths": ["/tenant", "/user"], "kind": "MultiHash", "version": 2}


def test_staged_files_are_deleted_after_the_days() -> None:
    """A rule deletes what the app itself removes: files of runs, uploads, accepted arrivals. Nothing else has one."""
    (rule,) = properties("Microsoft.Storage/storageAccounts/managementPolicies", stagedDays=60)["policy"]["rules"]
    run = folder_of("").removesuffix("/")
    assert rule["definition"]["filters"]["prefixMatch"] == [
        *(f"staging/outlast/{folder}/" for folder in (run, STARTING)),
        *(f"inputs/{folder}/" for folder in (UPLOADS, ACCEPTED)),
    ]
    assert rule["definition"]["actions"] == {"baseBlob": {"delete": {"daysAfterModificationGreaterThan": 60}}}


@pytest.mark.parametrize("instances", [0, 2])
def test_instances_stay_ready_for_orchestrations(instances: int) -> None:
    """Always-ready instances belong to the scale group of orchestrators and activities; 0 means none."""
    given = properties("Microsoft.Web/sites", alwaysReadyInstances=instances)["functionAppConfig"]
    expected = [{"name": "durable", "instanceCount": instances}] if instances else []
    assert given["scaleAndConcurrency"]["alwaysReady"] == expected


def test_everything_is_tagged() -> None:
    """Each resource that can have tags has those of azd and of the deployer's environment."""
    tagged = [each["tags"] for each in resources() if "tags" in each]
    assert len(tagged) >= 12
    assert all(tags["azd-env-name"] == "test" for tags in tagged)


def test_the_site_comes_after_the_roles() -> None:
    """The module of the site waits for the roles, the containers, the network and the scheduler."""
    text = (INFRA / "main.bicep").read_text("utf-8")
    waits = dict(re.findall(r"^module (\w+) .*\n.*\n  dependsOn: \[(.*)\]", text, re.MULTILINE))
    assert waits["site"] == "roles, database, privateNetwork, scheduler"
    assert waits["roles"] == "identity, storage, monitoring, vault"
    assert waits["database"] == "cosmos, identity"


def test_the_workbook_has_its_queries() -> None:
    """Each query item of the deployed workbook has the text of its file, and the metrics name the account."""
    workbook = json.loads(properties("Microsoft.Insights/workbooks")["serializedData"])
    texts = {item["name"]: item["content"]["query"] for item in workbook["items"] if item["type"] == 3}
    files = {path.stem: path.read_text("utf-8") for path in (INFRA / "queries").glob("*.kql")}
    assert texts == {name: text for name, text in files.items() if not name.startswith("alert_")}
    (metrics,) = [item["content"] for item in workbook["items"] if item["type"] == 10]
    assert metrics["resourceIds"] == [of_type(COSMOS_ACCOUNT)[0]["id"]]


@pytest.mark.parametrize("addresses", ["", "a@example.com, b@example.com"])
def test_alerts_tell_those_who_are_named(addresses: str) -> None:
    """Each alert runs its query and tells the action group; without addresses there is no group."""
    rules = of_type("Microsoft.Insights/scheduledQueryRules", alertAddresses=addresses)
    assert len(rules) == len(list((INFRA / "queries").glob("alert_*.kql")))
    groups = [each["id"] for each in of_type("Microsoft.Insights/actionGroups", alertAddresses=addresses)]
    assert len(groups) == (1 if addresses else 0)
    assert {tuple(each["properties"]["actions"]["actionGroups"]) for each in rules} == {tuple(groups)}
    for each in rules:
        (condition,) = each["properties"]["criteria"]["allOf"]
        assert (condition["operator"], condition["threshold"]) == ("GreaterThan", 0)
        assert condition["query"] == (INFRA / "queries" / f"alert_{each['name'].split('-')[-1]}.kql").read_text("utf-8")


@pytest.mark.parametrize("addresses", ["", "a@example.com"])
def test_a_health_that_is_not_reached_is_told(addresses: str) -> None:
    """The availability test calls the app's health, and its alert tells the action group, where there is one."""
    (test,) = of_type("Microsoft.Insights/webtests", alertAddresses=addresses)
    (alert,) = of_type("Microsoft.Insights/metricAlerts", alertAddresses=addresses)
    groups = [each["id"] for each in of_type("Microsoft.Insights/actionGroups", alertAddresses=addresses)]
    assert "/api/health" in test["properties"]["Request"]["RequestUrl"]
    assert alert["properties"]["criteria"]["webTestId"] == test["id"]
    assert alert["properties"]["criteria"]["failedLocationCount"] == len(test["properties"]["Locations"])
    assert [each["actionGroupId"] for each in alert["properties"]["actions"]] == groups
