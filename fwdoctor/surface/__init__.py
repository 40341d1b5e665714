"""API surfaces: which names, fields and parameters one version of the cookbook or SDK offers."""
