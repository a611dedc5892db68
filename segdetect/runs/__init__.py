"""Many pictures, or one picture cut in many ways."""
