"""Segments: kept, previewed, computed and read. ``conditions`` says what they mean, ``store`` keeps what they hold."""
