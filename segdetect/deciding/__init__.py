"""Scores to flags and a verdict; knows no picture."""
