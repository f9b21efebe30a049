"""Forecasts: what comes next in one series or many; validated on rolling origins."""
