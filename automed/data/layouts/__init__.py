"""How files lie in a folder: one module a layout, recognized in turn."""
