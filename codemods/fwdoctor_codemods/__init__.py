"""libcst codemods, one per file; each carries its before/after examples, which are its tests."""
