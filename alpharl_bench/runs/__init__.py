"""Where a run comes from: trained here, a folder or Hub repository, or a public release.

Nothing is imported here: lists of runs load no torch.
"""
