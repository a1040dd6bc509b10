"""A function in the answers of `/admin/functions`, with the members that the Azure host returns."""

from pathlib import Path
from typing import Any
from urllib.parse import quote


def shown(function: dict[str, Any], origin: str, folder: Path, route: str | None) -> dict[str, Any]:
    """Return the function's JSON. `route` is the path template of an HTTP function. No file is served."""
    name, script = function["name"], function.get("script", "function_app.py")
    files = f"{origin}/admin/vfs{quote(str(folder))}"
    return {
        "name": name,
        "script_root_path_href": f"{files}/{name}/",
        "script_href": f"{files}/{script}",
        "config_href": f"{files}/{name}/function.json",
        "test_data_href": f"{origin}/admin/vfs/sampledata/{name}.dat",
        "href": f"{origin}/admin/functions/{name}",
        "invoke_url_template": f"{origin}{route}" if route else None,
        "language": "python",
        "config": {
            "name": name,
            "entryPoint": function.get("entry", name),
            "scriptFile": script,
            "language": "python",
            "functionDirectory": str(folder),
            "bindings": function["bindings"],
        },
        "files": None,
        "test_data": None,
        "isDisabled": bool(function["reason"]),
        "isDirect": True,
        "isProxy": False,
        "reason": function["reason"],
    }
