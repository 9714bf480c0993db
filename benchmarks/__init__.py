"""Benchmarks, run by hand as `python -m benchmarks.NAME`; no test imports them."""
