"""fastdup, in a child process of its own."""

from segdetect.engines.fastdup.engine import FastdupEngine

__all__ = ["FastdupEngine"]
