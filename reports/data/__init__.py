"""Results as figures and tables need them: read, checked, and sorted into images x points."""
