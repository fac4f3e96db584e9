"""Plots and pictures of fronts, curves and predictions."""
