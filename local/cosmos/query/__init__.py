"""Queries: a grammar, its evaluation over documents, and the plans by which clients send a query to all partitions."""
