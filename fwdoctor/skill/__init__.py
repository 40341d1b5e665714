"""The agent skill: where it is (``tree``), where agents look for it (``agents``), what is there (``copies``),
and how it gets there (``install``)."""
