"""arXiv 2510.00553: Rank-1 Dominance, Rank-1 Linear Dynamics, and AlphaRL."""
