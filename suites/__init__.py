"""The claims of the paper as tests, a folder for each part of it."""
