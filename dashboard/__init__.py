"""The dashboard: Streamlit pages over the studies of a workspace. They read and never write."""
