"""§3: Rank-1 Linear Dynamics."""
