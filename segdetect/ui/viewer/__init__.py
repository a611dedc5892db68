"""The picture viewer: a Streamlit component of our own."""
