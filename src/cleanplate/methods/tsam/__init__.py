"""TSAM: features of the frames beside, aligned along the flow. Zou et al., CVPR 2021."""
