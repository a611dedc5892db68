"""The Watch page's parts."""
