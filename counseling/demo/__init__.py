"""Invented people on real places: what `flask demo` fills a demo database with. Nobody here exists."""
