"""From stored scores to a paper-style report; no model is loaded here."""

from alpharl_bench.reporting.markdown import write_report
from alpharl_bench.reporting.session import Measured, Session, load_session

__all__ = ["Measured", "Session", "load_session", "write_report"]
