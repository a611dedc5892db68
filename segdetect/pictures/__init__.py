"""Bytes to pixels: formats, decoders, files and archives, limits."""
