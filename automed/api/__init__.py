"""Use cases: the only place where everything is put together."""
