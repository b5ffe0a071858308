"""Real mail servers and real mail clients, for recording fixtures and for end-to-end tests."""
