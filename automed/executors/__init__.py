"""Who runs trials, and how many at a time."""
