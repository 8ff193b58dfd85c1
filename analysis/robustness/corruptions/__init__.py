"""One file a way to alter images."""
