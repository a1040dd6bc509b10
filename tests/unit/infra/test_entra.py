"""Entra ID in front of the app, as a parameter of the deployment."""

import re
from typing import Any

from tests.unit.infra.compiled import Value, needs_compiler, of_type
from tests.unit.infra.infra_files import ROOT

pytestmark = needs_compiler

CLIENT = "11111111-1111-1111-1111-111111111111"


def entra(**given: Value) -> Any:
    """Return the properties of what is in front of the app."""
    configs = of_type("Microsoft.Web/sites/config", entraClientId=CLIENT, **given)
    (auth,) = [each["properties"] for each in configs if each["name"].endswith("authsettingsV2")]
    return auth


def test_entra_is_in_front_of_the_app_where_it_is_asked_for() -> None:
    """With a client id everything but the health needs a token for it; without one there is nothing in front."""
    auth = entra()
    assert auth["globalValidation"] == {
        "requireAuthentication": True,
        "unauthenticatedClientAction": "Return401",
        "excludedPaths": ["/api/health"],
    }
    assert auth["identityProviders"]["azureActiveDirectory"]["registration"]["clientId"] == CLIENT
    assert len(of_type("Microsoft.Web/sites/config")) == 1


def test_links_open_without_a_token() -> None:
    """Where links may be shared, neither they nor the page that shows them need a token: who has a link need not be in
    the directory. The description of the API does."""
    excluded = entra(linkSecret="planted-secret")["globalValidation"]["excludedPaths"]
    assert "'/api/health', '/api/shared/*', '/api/ui', '/api/ui/*'" in str(excluded)
    source = (ROOT / "function_app.py").read_text("utf-8")
    assert set(re.findall(r'route="(\w+)[^\n]*auth_level=anybody', source)) == {"health", "openapi", "shared", "ui"}
