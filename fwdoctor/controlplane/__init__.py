"""Reads the Fireworks control plane: GET and nothing else, but for the one request of ``resume``.

``connection`` (where and with which key), ``names`` (what a user means), ``client`` (the requests),
``errors`` (what went wrong), ``sparse`` (answers whose fields may be absent); ``transport`` holds what may
leave. ``resume`` and ``watch`` stand on the probes.
"""
