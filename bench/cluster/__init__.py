"""Cells on a Dask cluster (``bench run --backend dask``); plan and results stay where it is asked.

A Dask worker runs each cell in a child process of its own, by the means of a run on one machine,
and sends row and label map back. No folder is shared.
"""
