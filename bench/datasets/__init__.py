"""Data sets: images with one or more human annotations each, all behind one small interface."""

from bench.datasets.base import Dataset, DatasetError, Sample
from bench.datasets.registry import DATASETS, open_dataset, register

__all__ = ["DATASETS", "Dataset", "DatasetError", "Sample", "open_dataset", "register"]
