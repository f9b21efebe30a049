"""The extension in the user's own Jupyter server: finds the service and forwards to it."""
