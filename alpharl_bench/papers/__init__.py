"""The papers whose claims are judged: a package for each."""
