"""Tensors of a TorchScript archive (OpenAI's published `.pt` files) without running any of its code.

`torch.load(weights_only=True)` refuses these archives, and `torch.jit.load` compiles the program inside. This reads
the archive's pickle with an unpickler that knows tensors, storages and lists; modules become bare holders of their
attributes, and any other class is refused.
"""

from __future__ import annotations

import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from likebut.errors import BadCheckpoint

_DTYPES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "ByteStorage": torch.uint8,
    "CharStorage": torch.int8,
    "BoolStorage": torch.bool,
}


class _Holder:
    """Stands for any module class of the archive: its pickled state becomes `attributes`."""

    attributes: dict[str, Any]

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.attributes = state


class _Unpickler(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(archive.open(f"{root}/data.pkl"))
        self._archive = archive
        self._root = root
        self._storages: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        if module == "__torch__" or module.startswith("__torch__."):
            return _Holder
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch.jit._pickle" and name.startswith("build_"):
            return _identity
        raise pickle.UnpicklingError(f"the archive asks for {module}.{name}")

    def persistent_load(self, pid: Any) -> Tensor:
        _, dtype, key, _, count = pid
        if key not in self._storages:
            raw = bytearray(self._archive.read(f"{self._root}/data/{key}"))
            self._storages[key] = torch.frombuffer(raw, dtype=dtype) if raw else torch.empty(0, dtype=dtype)
        if len(self._storages[key]) < count:
            raise pickle.UnpicklingError(f"storage {key} holds {len(self._storages[key])} of {count} numbers")
        return self._storages[key]


def _rebuild_tensor(storage: Tensor, offset: int, size: Any, stride: Any, *_: Any) -> Tensor:
    return storage.as_strided(tuple(size), tuple(stride), offset)


def _identity(value: Any) -> Any:
    return value


def is_torchscript(path: Path) -> bool:
    """Whether a file is a zip archive with TorchScript's table of constants."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def read_torchscript(path: Path) -> dict[str, Tensor]:
    """The state dict of the archive's module: dotted attribute path → tensor.

    Raises `BadCheckpoint` for an archive that is damaged or holds anything but modules, tensors and plain values.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            root = next(name for name in archive.namelist() if name.endswith("/data.pkl")).rsplit("/", 1)[0]
            module = _Unpickler(archive, root).load()
    except (
        pickle.UnpicklingError,
        zipfile.BadZipFile,
        StopIteration,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ) as error:
        raise BadCheckpoint(f"{path} is not a TorchScript archive of weights: {error}. Download it again.") from error
    found: dict[str, Tensor] = {}
    _collect(module, "", found)
    return found


def _collect(module: Any, prefix: str, found: dict[str, Tensor]) -> None:
    if isinstance(module, _Holder):
        for name, value in getattr(module, "attributes", {}).items():
            if isinstance(value, Tensor):
                found[prefix + name] = value
            else:
                _collect(value, f"{prefix}{name}.", found)
