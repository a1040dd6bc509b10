"""asyncio, and `upsert_item` of the asynchronous client, a hundred at once by a semaphore.

    python -m bench.peering.semaphore URL KEY DATABASE CONTAINER FILE

A call that raises is reported while the others go on.
"""

import asyncio
import csv
import sys
from pathlib import Path
from typing import Any

from azure.cosmos.aio import CosmosClient

from bench.peering.told import told

AT_ONCE = 100


def documents(file: str) -> list[dict[str, Any]]:
    with Path(file).open(encoding="utf-8", newline="") as lines:
        return [
            {**row, "id": f"o{row['number']}", "number": int(row["number"]), "amount": float(row["amount"])}
            for row in csv.DictReader(lines)
        ]


async def store(url: str, key: str, database: str, container: str, file: str) -> None:
    async with CosmosClient(url, key) as client:
        target = client.get_database_client(database).get_container_client(container)
        semaphore = asyncio.Semaphore(AT_ONCE)

        async def upsert(document: dict[str, Any]) -> None:
            async with semaphore:
                await target.upsert_item(document)

        calls = [upsert(document) for document in documents(file)]
        for failure in filter(None, await asyncio.gather(*calls, return_exceptions=True)):
            sys.stderr.write(f"a row was not stored: {getattr(failure, 'status_code', failure)}\n")


if __name__ == "__main__":
    with told():
        asyncio.run(store(*sys.argv[1:]))
