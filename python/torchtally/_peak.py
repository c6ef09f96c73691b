"""How fast a machine multiplies matrices: measured, or as its maker says."""

from typing import Union

import torch

from torchtally import _core


def _name(dtype: torch.dtype) -> str:
    return str(dtype).rpartition(".")[2]


def measure_peak(
    seconds: float = 0.3, *, dtype: torch.dtype = torch.float32, device: Union[str, torch.device] = "cpu", size: int = 0
) -> float:
    """FLOPs per second that a product of square matrices reaches: the best of about `seconds` of trying. Not counted by any guard.

    `dtype`: float32 (on a GPU as torch.backends.cuda.matmul has it: in full precision unless TF32 is allowed), float64, bfloat16 or
    float16. `size`: rows of the matrices; 0: 1,024 on the CPU, 8,192 elsewhere.
    """
    return _core.measure_peak(seconds, _name(dtype), str(device), size)


def known_peak(device: Union[str, torch.device], dtype: torch.dtype) -> float:
    """FLOPs per second of dense matrix products by the maker's data sheet; 0 if the device or the type is not known.

    `device`: as the driver names it, "NVIDIA H100 80GB HBM3", or a device of this machine, "cuda", "cuda:1". float32 means the tensor
    cores' TF32 where there is one.
    """
    name = str(device)
    return _core.known_peak(torch.cuda.get_device_name(device) if name.split(":")[0] == "cuda" else name, _name(dtype))
