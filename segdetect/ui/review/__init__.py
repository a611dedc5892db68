"""The Review page: a queue of flagged places, least certain first, and what is said of them."""
