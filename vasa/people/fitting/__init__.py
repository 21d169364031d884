"""Photographed and painted people: the head model fitted to portraits, which become its texture."""
