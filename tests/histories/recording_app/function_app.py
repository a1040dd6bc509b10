"""The app with every orchestrator turn recorded: what the host handed in and what came back."""

import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Any

from azure.durable_functions.orchestrator import Orchestrator

ROOT = Path(__file__).parents[3]
create = Orchestrator.create


def recording(orchestrator: Any) -> Any:
    handle = create(orchestrator)

    def recorded(context: Any) -> str:
        turn = {"orchestrator": orchestrator.__name__, "context": json.loads(context.body)}
        try:
            answer: str = handle(context)
        except Exception as error:
            write({**turn, "raised": str(error)})
            raise
        write({**turn, "returned": json.loads(answer)})
        return answer

    recorded.orchestrator_function = orchestrator  # type: ignore[attr-defined]  # where the SDK looks for it
    return recorded


def write(turn: dict[str, Any]) -> None:
    with Path(os.environ["RECORD_TURNS_TO"]).open("a", encoding="utf-8") as file:
        file.write(json.dumps(turn) + "\n")


Orchestrator.create = recording
sys.path.insert(0, str(ROOT))
spec = importlib.util.spec_from_file_location("recorded_app", ROOT / "function_app.py")
assert spec
assert spec.loader
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
app = module.app
