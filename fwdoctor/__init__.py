"""fwdoctor: check, explain and migrate training code for Fireworks AI and its cookbook."""

# A constant, not importlib.metadata.version(): that alone would double the start-up time.
__version__ = "0.1.0"


def load_ipython_extension(shell: object) -> None:
    """``%load_ext fwdoctor``: explain what the cells of this notebook raise, below them."""
    from fwdoctor.explain.ipython import register

    register(shell)


def unload_ipython_extension(shell: object) -> None:
    """``%unload_ext fwdoctor``."""
    from fwdoctor.explain.ipython import unregister

    unregister(shell)
