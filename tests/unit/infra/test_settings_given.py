"""The deployment gives the app its settings."""

import pytest

from outlast.settings import Settings
from tests.unit.infra.infra_files import BICEP, settings_given, table_rows

HOST = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "AZURE_CLIENT_ID",
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__blobServiceUri",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
    "AzureWebJobsStorage__queueServiceUri",
    "AzureWebJobsStorage__tableServiceUri",
    "OTEL_EXPORTER_OTLP_HEADERS",
}
"""What the host and the libraries of Azure and OpenTelemetry read."""
APP = {name.upper() for name in Settings.model_fields}
LEFT_OUT = set(table_rows("Settings that are left out"))
NOT_ON_FLEX = (
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_RUNTIME",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_TIME_ZONE",
    "linuxFxVersion",
)
"""What Flex Consumption ignores or refuses."""


def test_every_setting_is_given_or_left_out_with_a_reason() -> None:
    """Each setting that the app reads is given by site.bicep, or docs/deploy.md says why it is left out."""
    left_out = table_rows("Settings that are left out")
    assert set(left_out) == APP - settings_given()
    assert all(reason for (reason,) in left_out.values())


def test_every_given_setting_is_read() -> None:
    """site.bicep gives no setting that neither the app nor the host reads."""
    assert settings_given() - APP == HOST


@pytest.mark.parametrize("name", NOT_ON_FLEX)
def test_what_the_plan_refuses_is_not_given(name: str) -> None:
    """Flex Consumption takes its runtime and its package from functionAppConfig, not from settings."""
    assert name not in BICEP["site.bicep"]
