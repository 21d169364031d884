"""Public networks that read faces, each in one file; none of them ships, and none is on the default path."""
