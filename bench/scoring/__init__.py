"""How one label map is scored, and annotators against each other."""
