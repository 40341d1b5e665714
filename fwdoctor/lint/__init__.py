"""Lint: source → findings."""
