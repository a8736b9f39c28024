"""From stored scores to a paper-style report; no model is loaded here."""

from alpharl_bench.reporting.merge import merge_sessions
from alpharl_bench.reporting.session import Measured, Session, load_session
from alpharl_bench.reporting.write import write_report

__all__ = ["Measured", "Session", "load_session", "merge_sessions", "write_report"]
