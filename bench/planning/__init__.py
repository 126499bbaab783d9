"""What is asked, as cells: the selection, the methods with their parameters, the label maps."""
