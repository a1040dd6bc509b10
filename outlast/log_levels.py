"""How much of the libraries' own log reaches the app's log."""

import logging

LIBRARIES = ("aiohttp", "azure", "msal", "python_http_client", "urllib3")


def quiet_libraries() -> None:
    """Keep the libraries' loggers at WARNING.

    The Azure worker sets the root logger to INFO. azure-core then writes two records of 15 lines for each request.
    """
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
