"""The embedded data set: composites of natural texture whose regions are known exactly."""
