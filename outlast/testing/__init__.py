"""For tests of a report: run it on a file in the process of the test, without host, database and network.

from outlast.testing import run_report

def test_flights() -> None:
    result = run_report("flight_delays", "samples/flights-2013-01.csv.gz")
    assert result.rejects == []
    assert result.documents[0]["carrier"] == "UA"
"""

from outlast.testing.result import ReportResult
from outlast.testing.run_report import run_report

__all__ = ["ReportResult", "run_report"]
