"""lint: source → findings."""
