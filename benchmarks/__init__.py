"""What the weight engine costs, measured side by side with what it replaces; see docs/."""
