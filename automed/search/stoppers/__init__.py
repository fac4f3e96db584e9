"""Which trainings are ended before their last epoch."""
