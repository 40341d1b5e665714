"""From what was read to findings: pure functions, one module for each kind of resource.

What was not read is None: it is unknown, and leads to no finding.
"""
