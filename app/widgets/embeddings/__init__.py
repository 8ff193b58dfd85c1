"""The Embeddings page, a file a part."""
