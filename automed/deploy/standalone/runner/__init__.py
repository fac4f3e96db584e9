"""From image files to masks or classes, with one exported model.

Copied into every bundle beside predict.py, and used by automed itself: one implementation to trust.
"""
