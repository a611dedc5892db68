"""Cells against a bank, pooled to tiles; knows no engine."""
