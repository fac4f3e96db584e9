"""Where configs come from: optuna's samplers, our own and those of others, by name."""
