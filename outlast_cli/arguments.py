"""Arguments that several commands have."""

from typing import Annotated

import typer

RunIdArgument = Annotated[str, typer.Argument(metavar="RUN", help="The run's id.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="The run's id; last is the newest run.")]
