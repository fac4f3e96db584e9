"""What travels in a bundle, copied as it is: it imports NumPy, Pillow and onnxruntime only."""
