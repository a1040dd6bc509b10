"""Writes a report from a sample of its input."""
