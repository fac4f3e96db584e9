"""The tasks that ship with automed, registered through the entry points an outsider uses."""
