"""What the browser does by itself: drops, history, zoom, sound."""
