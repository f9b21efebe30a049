"""The mlws command, on the SDK."""
