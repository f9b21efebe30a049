"""An ML workspace inside JupyterLab."""
