"""Sections of the report that show what this paper compares."""
