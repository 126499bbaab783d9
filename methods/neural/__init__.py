"""Superpixels from networks that are optimised on the image itself."""
