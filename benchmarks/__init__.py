"""Figures beside their floors: `python -m benchmarks [NAME]`, or `make bench ONLY=NAME`."""
