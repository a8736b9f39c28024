"""§2: Rank-1 Dominance."""
