#!/usr/bin/env python3
"""Writes TorchScript archives of torchvision's models without their weights.

    export_models.py --output DIR MODEL...

MODEL is a name that torchvision knows (resnet50), with ":traced" for torch.jit.trace in place of torch.jit.script. For each,
DIR gets MODEL.pt, or MODEL.missing with the reason if this torchvision has no such model (":" is "_" in a file name).

Every parameter is one number expanded to the parameter's shape, so an archive holds one element per parameter: ResNet-50 has
400 kB in place of 100 MB. Shapes, and with them every count, are those of the real model. Archives that are newer than this
script are left alone.
"""

import argparse
import os
import pathlib
import sys
import warnings


def import_torchvision():
    """Takes seconds, so only once there is something to export."""
    global torch, torchvision  # pylint: disable=global-statement
    import torch
    import torchvision


def skip_initialization():
    """Makes torch.nn.init do nothing: the weights are thrown away, and filling 600 million of them takes a minute."""

    def untouched(tensor, *_args, **_kwargs):
        return tensor

    for module in (torch.nn.init, torch.nn.modules.activation):
        for name in dir(module):
            if name.endswith("_") and not name.startswith("_"):
                setattr(module, name, untouched)


def drop_weights(model):
    for parameter in model.parameters():
        parameter.data = torch.zeros((), dtype=parameter.dtype).expand(parameter.shape)


def freeze_batch_norms(module):
    """What torchvision does where it is given weights: normalization then has buffers and no parameters."""
    for name, child in module.named_children():
        if isinstance(child, torch.nn.BatchNorm2d):
            setattr(module, name, torchvision.ops.FrozenBatchNorm2d(child.num_features))
        else:
            freeze_batch_norms(child)


def build(name):
    """The model as torchvision's published figures have it, or None if this torchvision does not know it."""
    models = torchvision.models
    if name not in models.list_models():
        return None
    segmentation = models.list_models(models.segmentation)
    options = {"weights": None}
    if name in segmentation + models.list_models(models.detection):
        options["weights_backbone"] = None
    if name in segmentation and not name.startswith("lraspp"):
        options["aux_loss"] = True
    if name in ("inception_v3", "googlenet"):
        options["init_weights"] = False
    if name == "googlenet":
        options["aux_logits"] = False
    if name == "vit_h_14":
        options["image_size"] = 518
    model = models.get_model(name, **options)
    if name in ("fasterrcnn_resnet50_fpn", "fcos_resnet50_fpn", "maskrcnn_resnet50_fpn"):
        freeze_batch_norms(model.backbone)
    return model.eval()


def example_input(name):
    return torch.zeros(1, 3, 299, 299) if name == "inception_v3" else torch.zeros(1, 3, 224, 224)


def export(name, how):
    """A scripted or traced model, or why there is none."""
    model = build(name)
    if model is None:
        return None, f"torchvision {torchvision.__version__} has no {name}"
    drop_weights(model)
    if how == "traced":
        with torch.no_grad():
            return torch.jit.trace(model, example_input(name), check_trace=False), None
    return torch.jit.script(model), None


def is_current(path):
    return path.exists() and path.stat().st_mtime > pathlib.Path(__file__).stat().st_mtime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    arguments = parser.parse_args()

    arguments.output.mkdir(parents=True, exist_ok=True)
    paths = {spec: arguments.output / spec.replace(":", "_") for spec in arguments.models}
    wanted = {
        spec: path
        for spec, path in paths.items()
        if not is_current(path.with_suffix(".pt")) and not is_current(path.with_suffix(".missing"))
    }
    if not wanted:
        return
    import_torchvision()
    warnings.simplefilter("ignore")
    skip_initialization()
    for spec, path in wanted.items():
        name, _, how = spec.partition(":")
        script, reason = export(name, how)
        # Renamed when complete: several build trees may share the directory, and a build may be interrupted.
        unfinished = path.with_suffix(f".{os.getpid()}")
        if script is None:
            unfinished.write_text(reason + "\n")
            print(f"{spec}: {reason}", file=sys.stderr)
        else:
            script.save(str(unfinished))
        unfinished.rename(path.with_suffix(".pt" if script is not None else ".missing"))


if __name__ == "__main__":
    main()
