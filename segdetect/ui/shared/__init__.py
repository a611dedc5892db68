"""What several pages have: set-up, controls, the visitor's session, background jobs."""
