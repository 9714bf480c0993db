"""Presets: trained run folders that come with the package, one folder each."""
