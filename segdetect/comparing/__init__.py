"""Pictures in tiles, described and compared with their bank: all that is costly, and done once."""
