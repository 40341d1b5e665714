"""fwdoctor: check, explain and migrate training code for Fireworks AI and its cookbook."""

# A constant, not importlib.metadata.version(): that alone would double the start-up time.
__version__ = "0.1.0"
