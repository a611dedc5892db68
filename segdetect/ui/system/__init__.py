"""The System page: whether all works, and what the program holds."""
