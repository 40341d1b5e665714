"""Code against a surface: the one comparison that migrate, check and (later) lint and explain stand on."""
