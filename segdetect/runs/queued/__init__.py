"""Runs in the background, whoever looks: they queue, can be paused, and outlive the program."""
