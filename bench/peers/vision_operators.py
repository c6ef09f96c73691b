"""torchvision's own operators in Python, where its library cannot be loaded: the wheel that registries have is made for CUDA, and does
not fit a CPU-only torch. Every tool sees the same operators, by the names that they have in torchvision."""

import sys

import torch
from torch.nn import functional as F

_library = torch.library.Library("torchvision", "FRAGMENT")


def _nms(boxes: torch.Tensor, scores: torch.Tensor, iou_threshold: float) -> torch.Tensor:
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    order = scores.argsort(descending=True, stable=True)
    kept = []
    while order.numel() > 0:
        best, order = order[0], order[1:]
        kept.append(best)
        low = torch.maximum(boxes[best, :2], boxes[order, :2])
        high = torch.minimum(boxes[best, 2:], boxes[order, 2:])
        common = (high - low).clamp(min=0).prod(1)
        order = order[common / (area[best] + area[order] - common) <= iou_threshold]
    return torch.stack(kept) if kept else torch.empty(0, dtype=torch.long)


def _roi_align(
    features: torch.Tensor, rois: torch.Tensor, scale: float, height: int, width: int, sampling_ratio: int, aligned: bool
) -> torch.Tensor:
    """Averages sampling_ratio × sampling_ratio points of every bin; at the border it differs a little from torchvision's."""
    assert sampling_ratio > 0, "an adaptive number of samples is not needed here"
    begin = rois[:, 1:3] * scale - (0.5 if aligned else 0.0)
    end = rois[:, 3:5] * scale - (0.5 if aligned else 0.0)
    size = end - begin if aligned else (end - begin).clamp(min=1)
    steps = [(torch.arange(n * sampling_ratio) + 0.5) / (n * sampling_ratio) for n in (width, height)]
    x = begin[:, 0, None] + steps[0] * size[:, 0, None]
    y = begin[:, 1, None] + steps[1] * size[:, 1, None]
    result = features.new_empty(rois.size(0), features.size(1), height, width)
    for i, image in enumerate(rois[:, 0].long().tolist()):
        grid = torch.stack(torch.meshgrid(x[i], y[i], indexing="xy"), -1) + 0.5
        grid = grid * 2 / torch.tensor([features.size(3), features.size(2)]) - 1
        samples = F.grid_sample(features[image : image + 1], grid[None], padding_mode="border", align_corners=False)
        result[i] = F.avg_pool2d(samples, sampling_ratio)[0]
    return result


# In place of torchvision's; functions with a name, which TorchScript can compile.
def _has_ops() -> bool:
    return True


def _assert_has_ops() -> None:
    pass


def make_loadable() -> None:
    """Before the first import of torchvision."""
    try:
        import torchvision.extension

        if torchvision.extension._has_ops():
            return
    except RuntimeError:
        pass  # "operator torchvision::nms does not exist"
    _library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _library.define(
        "roi_align(Tensor input, Tensor rois, float spatial_scale, int pooled_height, int pooled_width, int sampling_ratio, "
        "bool aligned) -> Tensor"
    )
    _library.impl("nms", _nms, "CPU")
    _library.impl("roi_align", _roi_align, "CPU")
    import torchvision.ops

    for module in ("boxes", "roi_align"):
        loaded = sys.modules[f"torchvision.ops.{module}"]
        loaded._has_ops = _has_ops  # type: ignore[attr-defined]
        loaded._assert_has_ops = _assert_has_ops  # type: ignore[attr-defined]
