"""Reads the Fireworks control plane: GET and nothing else, whatever the code above it asks for.

``connection`` (where and with which key), ``names`` (what a user means), ``client`` (the requests),
``errors`` (what went wrong), ``sparse`` (answers whose fields may be absent).
"""
