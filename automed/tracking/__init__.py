"""MLflow mirrors what the study decides."""
