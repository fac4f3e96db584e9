"""Search spaces as TOML files: data only. Read one with ``automed.load_space(name)``."""
