"""The dashboard's parts; the only place that imports streamlit."""
