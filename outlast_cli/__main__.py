"""`python -m outlast_cli` is the command `outlast`."""

from outlast_cli.main import main

main()
