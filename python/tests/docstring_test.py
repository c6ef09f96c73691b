"""help() says something of everything that is public."""

import inspect

import torchtally


def named():
    for name in torchtally.__all__:
        thing = getattr(torchtally, name)
        yield name, thing
        if inspect.isclass(thing):
            for attribute, value in vars(thing).items():
                if not attribute.startswith("_"):
                    yield f"{name}.{attribute}", getattr(value, "__func__", value)


def text(thing):
    """Without the signature that pybind11 puts in front of a function's."""
    lines = (inspect.getdoc(thing) or "").strip().splitlines()
    has_signature = bool(lines) and lines[0].startswith(f"{getattr(thing, '__name__', '')}(") and " -> " in lines[0]
    return "".join(lines[1:] if has_signature else lines).strip()


def test_everything_public_has_a_docstring():
    assert [name for name, thing in named() if not text(thing)] == []
