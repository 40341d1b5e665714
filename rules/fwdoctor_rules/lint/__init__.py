"""Lint rules: tables in TOML files, and modules that hold a rule and the code that finds it."""
