"""What the weight engine costs beside what it replaces, and how often verdicts err; see docs/."""
