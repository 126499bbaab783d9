"""Figures and tables from a results file: what ``bench plot`` draws."""
