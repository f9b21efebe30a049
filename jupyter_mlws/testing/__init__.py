"""Suites, fakes and a clock for those who build on jupyter_mlws."""
