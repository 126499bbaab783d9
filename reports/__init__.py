"""Figures and tables from a results file: what ``bench plot`` draws, and what notebooks show."""

from reports.notebook import show, show_results

__all__ = ["show", "show_results"]
