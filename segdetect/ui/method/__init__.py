"""The text of the Method page."""
