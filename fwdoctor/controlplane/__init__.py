"""The remote side: a client that only reads, what resources say, and the diagnoses that follow."""
