"""azure.yaml has the keys that azd knows. Its schema lets a mistyped key of a service pass, so it is tested here."""

from collections.abc import Iterator

from tests.unit.infra.infra_files import BICEP, ROOT

KNOWN = {
    "name",
    "metadata.template",
    "requiredVersions.azd",
    "services.api.project",
    "services.api.language",
    "services.api.host",
    "services.api.remoteBuild",
}
"""The keys that are used here. Source: schemas/v1.0/azure.yaml.json of Azure/azure-dev."""


def values() -> Iterator[tuple[str, str]]:
    """Yield path and value of each line of azure.yaml, which has only keys, indented by two spaces a level."""
    path: list[str] = []
    for line in (ROOT / "azure.yaml").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        key, colon, value = line.strip().partition(":")
        assert colon, line
        path[(len(line) - len(line.lstrip())) // 2 :] = [key]
        if value:
            yield ".".join(path), value.strip()


def test_azure_yaml_has_only_known_keys() -> None:
    """Each key of azure.yaml is one that azd reads, and none is written twice."""
    assert sorted(name for name, _ in values()) == sorted(KNOWN)


def test_the_service_is_a_function_app_in_this_folder() -> None:
    """azd publishes the root of the repository as a Python function app, which is built on Azure."""
    given = dict(values())
    assert given["services.api.host"] == "function"
    assert given["services.api.language"] == "python"
    assert (ROOT / given["services.api.project"] / "function_app.py").exists()


def test_azd_finds_the_site_by_its_tag() -> None:
    """Exactly one resource has the tag by which azd finds the service `api`."""
    assert [name for name, text in BICEP.items() if "'azd-service-name': 'api'" in text] == ["site.bicep"]
