"""What is kept: rows, label maps, the manifest, and where results come from."""
