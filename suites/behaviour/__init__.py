"""§2.3, §4.2 and Appendix D: what training does to a model's words."""
