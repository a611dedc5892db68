"""Answers beside ground truth."""
