"""Trials on a Ray cluster, through Ray Tune. The only home of ray."""
