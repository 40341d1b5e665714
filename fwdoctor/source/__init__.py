"""The user's source files: find them, sift them, read them, write them. Nothing else opens them."""
