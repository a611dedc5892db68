"""The engines that describe pictures."""
