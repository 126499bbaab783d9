"""Methods that need no training and no optimisation of a network, one file each."""
