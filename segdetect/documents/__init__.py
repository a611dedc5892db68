"""Inspections as JSON values, and back: what is exported, kept and sent between processes is one and the same.

A document is exact: numbers come back bit for bit, sentences with the values that they were made of. Nothing in it is
taken on trust when it is read, since it may come from anywhere.
"""
