"""The geometry of features: how sets of vectors lie, and how alike two such sets are."""
