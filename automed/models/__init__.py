"""Networks, their pretrained weights and their cost."""
