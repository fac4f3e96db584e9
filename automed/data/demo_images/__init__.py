"""Synthetic images for each task: one module a set, drawn with NumPy and OpenCV."""
