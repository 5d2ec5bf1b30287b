"""How good a result is."""

from cleanplate.metrics.fidelity import psnr, psnr_hole, ssim, ssim_hole

__all__ = ["psnr", "psnr_hole", "ssim", "ssim_hole"]
