"""The bundled pictures."""
