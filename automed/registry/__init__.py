"""Finding plugins by name, on request."""
