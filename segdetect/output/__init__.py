"""Answers as tables, files, drawings and charts."""
