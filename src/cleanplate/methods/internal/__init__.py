"""Internal learning: a network is fitted to the very clip. Ouyang et al., ICCV 2021."""
