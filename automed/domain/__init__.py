"""The nouns of automed: values without behaviour beyond their own validity. No torch."""
