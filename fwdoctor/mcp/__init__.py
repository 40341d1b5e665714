"""fwdoctor for agents that speak the Model Context Protocol: ``tools`` (what there is, as command lines),
``child`` (runs one), ``server`` (the protocol)."""
