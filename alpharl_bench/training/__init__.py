"""Make runs: base models pretrained here, and RL on top of them through TRL."""
