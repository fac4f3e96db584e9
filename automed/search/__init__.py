"""The study: ask, report, tell. The only home of optuna."""
