"""pandas, and `upsert_item` in a pool of threads.

    python -m bench.peering.pandas_pool URL KEY DATABASE CONTAINER FILE

The pool is used as the example of ThreadPoolExecutor in Python's documentation uses it: its usual number of threads,
and a call that raises is reported while the others go on.
"""

import sys
from concurrent.futures import ThreadPoolExecutor, as_completed

import pandas
from azure.cosmos import CosmosClient
from azure.cosmos.exceptions import CosmosHttpResponseError

from bench.peering.told import told


def main(url: str, key: str, database: str, container: str, file: str) -> None:
    client = CosmosClient(url, key).get_database_client(database).get_container_client(container)
    with told(), ThreadPoolExecutor() as pool:
        rows = pandas.read_csv(file)
        rows.insert(0, "id", "o" + rows["number"].astype(str))
        calls = {pool.submit(client.upsert_item, row): row["id"] for row in rows.to_dict("records")}
        for call in as_completed(calls):
            try:
                call.result()
            except CosmosHttpResponseError as error:
                sys.stderr.write(f"{calls[call]} was not stored: {error.status_code}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
