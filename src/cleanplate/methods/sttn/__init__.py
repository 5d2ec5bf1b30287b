"""STTN: patches of all frames attend to each other. Zeng et al., ECCV 2020."""
