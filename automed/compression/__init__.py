"""Making trained models smaller: quantized, sparse or with fewer channels."""
