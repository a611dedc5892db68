"""The steps, a module for each."""
