"""The shared pass over data: stream, forward once, feed collectors; feature files."""
