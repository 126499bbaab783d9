"""Figures for print; one file each, and what several of them share."""
