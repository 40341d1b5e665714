"""Ports code to a target surface: discover, transform, verify, write."""
