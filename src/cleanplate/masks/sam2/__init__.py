"""SAM 2 points at an object and follows it, for those who have its weights.

Ravi et al., "SAM 2: Segment Anything in Images and Videos", 2024. The network is that of the
library transformers.
"""
