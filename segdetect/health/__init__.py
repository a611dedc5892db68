"""Whether all that the program needs is there and works, for people and for monitors."""
