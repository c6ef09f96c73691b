"""The extension module is built for one version of torch. With another one its symbols may be missing, or worse: be there."""

import importlib


def check(running: str) -> None:
    """Raises ImportError, with what to do, if torchtally._core does not belong to the torch that is running."""
    try:
        core = importlib.import_module("torchtally._core")
    except ImportError as error:
        raise ImportError(
            f"torchtally does not load into torch {running}. It has to be built for the torch that runs it: "
            f"pip install --force-reinstall --no-deps --no-build-isolation <torchtally's python directory>. ({error})"
        ) from error
    built = core.torch_version
    if running.split("+")[0] != built:
        raise ImportError(
            f"torchtally was built for torch {built}, and this is torch {running}. Build it again for this one: "
            "pip install --force-reinstall --no-deps --no-build-isolation <torchtally's python directory>"
        )
