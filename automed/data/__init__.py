"""Images from a folder to memory: layouts, readers, audit, split, cache, preprocessing."""
