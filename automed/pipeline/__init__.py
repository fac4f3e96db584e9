"""What one trial does, start to end."""
