"""A small interpreter of the Kusto Query Language: what the queries of infra/queries use, and no more.

What it does not know it refuses by name, so that no query passes by accident. Two things differ from the service:
`percentile` takes the nearest rank where the service estimates, and `take_any` takes the first row.
"""
