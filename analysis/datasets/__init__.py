"""Where images come from: decoding what was given, and the samples."""
