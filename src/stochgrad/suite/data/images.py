"""28×28 image sets of tensorflow_datasets, prepared once into arrays that are memory-mapped."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from stochgrad.errors import ConfigError
from stochgrad.suite.data.dataset import Dataset, Split
from stochgrad.suite.data.sources import check_download, check_folder, registered_files

VALIDATION = 10_000
"""The notebook's splits: ``train[10000:]``, ``train[0:10000]``, ``test``."""
ARRAYS = ("train_images", "train_labels", "test_images", "test_labels")
MANIFEST = "manifest.json"


def manual_folder(setting: str | None) -> tuple[Path | None, str]:
    """Return the folder of the original files, and the setting that names it.

    ``data.manual_dir`` wins over the variable ``MNIST_DIR``.
    """
    key = "data.manual_dir" if setting else "MNIST_DIR"
    folder = setting or os.environ.get(key)
    try:
        return (Path(folder).expanduser().resolve() if folder else None), key
    except (OSError, RuntimeError) as error:  # such as links that lead to each other
        raise ConfigError(f"{key}={folder}: no such folder ({error})") from error


def is_prepared(name: str, cache: Path) -> bool:
    """Return whether the arrays of a set are there."""
    return (cache / name / MANIFEST).is_file()


def prepare_images(name: str, cache: Path, manual_dir: str | None = None) -> Path:
    """Make the arrays of a set, unless they are there; processes that ask at once do it once.

    Args:
        name: of a tensorflow_datasets set of 28×28 images in IDX files, such as ``"mnist"``.
        cache: folder for prepared sets.
        manual_dir: folder with the four original files; None takes ``MNIST_DIR``, else downloads.

    Returns:
        The folder of the arrays.

    Raises:
        ConfigError: if a file is missing or wrong, or nothing can be downloaded; nothing is left
            behind.
    """
    registered_files(name)
    folder = cache / name
    if is_prepared(name, cache):
        return folder
    manual, key = manual_folder(manual_dir)
    if manual is not None:
        check_folder(manual, name, key)
    else:
        check_download(name)
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f".{name}.lock"):
        if not is_prepared(name, cache):
            for stale in cache.glob(f".{name}.preparing-*"):  # of a process that was killed
                shutil.rmtree(stale)
            _prepare(name, folder, cache / f".{name}.preparing-{os.getpid()}", manual)
    return folder


def _prepare(name: str, folder: Path, beside: Path, manual: Path | None) -> None:
    try:
        (beside / "arrays").mkdir(parents=True)
        version, arrays = _read(name, beside / "tfds", manual)
        for key, array in arrays.items():
            np.save(beside / "arrays" / f"{key}.npy", array, allow_pickle=False)
        manifest = {
            "name": name,
            "version": version,
            "sha256": {key: _digest(array) for key, array in arrays.items()},
        }
        (beside / "arrays" / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        # Nothing looks for what is beside once the set is there.
        shutil.rmtree(beside / "tfds", ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
        (beside / "arrays").rename(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _read(name: str, folder: Path, manual: Path | None) -> tuple[str, dict[str, NDArray[Any]]]:
    """Let tensorflow_datasets verify and parse the files; return its version and the arrays."""
    from stochgrad.backends import get_backend

    get_backend("tensorflow")  # imports TensorFlow without its chatter
    import tensorflow_datasets as tfds

    tfds.disable_progress_bar()
    builder = tfds.builder(name, data_dir=str(folder), try_gcs=False)
    image = builder.info.features["image"]
    if tuple(image.shape) != (28, 28, 1):
        raise ConfigError(f"data.name={name}: images of shape {image.shape}; allowed: (28, 28, 1)")
    config = tfds.download.DownloadConfig(
        manual_dir=None if manual is None else str(manual), try_download_gcs=False
    )
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it is about to do
        builder.download_and_prepare(download_config=config)
    arrays = {}
    for split in ("train", "test"):
        examples = tfds.as_numpy(builder.as_dataset(split=split, batch_size=-1, as_supervised=True))
        arrays[f"{split}_images"] = np.ascontiguousarray(examples[0], np.uint8)
        arrays[f"{split}_labels"] = np.ascontiguousarray(examples[1], np.int64)
    return str(builder.version), arrays


def load_images(name: str, cache: Path, manual_dir: str | None = None) -> Dataset:
    """Return an image set in the notebook's splits, memory-mapped, its checksums verified.

    Raises:
        ConfigError: as :func:`prepare_images`, or if a prepared array was changed since.
    """
    folder = prepare_images(name, cache, manual_dir)
    manifest = _manifest(name, folder)
    arrays = {}
    for key in ARRAYS:
        try:
            arrays[key] = np.load(folder / f"{key}.npy", mmap_mode="r", allow_pickle=False)
            whole = _digest(arrays[key]) == manifest.get(key)
        except Exception:  # whatever NumPy's parser says of a damaged header
            whole = False
        if not whole:
            raise _damaged(name, folder, f"{key}.npy")
    images, labels = arrays["train_images"], arrays["train_labels"]
    return Dataset(
        name=name,
        kind="images",
        scale=255.0,
        classes=int(labels.max()) + 1,
        train=Split(images[VALIDATION:], labels[VALIDATION:]),
        validation=Split(images[:VALIDATION], labels[:VALIDATION]),
        test=Split(arrays["test_images"], arrays["test_labels"]),
    )


def _manifest(name: str, folder: Path) -> dict[str, str]:
    """Return the checksums of the arrays."""
    try:
        return dict(json.loads((folder / MANIFEST).read_text())["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged(name, folder, MANIFEST) from error


def _damaged(name: str, folder: Path, file: str) -> ConfigError:
    return ConfigError(
        f"data.name={name}: {folder / file} was damaged; delete {folder} and run again"
    )


def _digest(array: NDArray[Any]) -> str:
    digest = hashlib.sha256(f"{array.dtype.str} {array.shape}\n".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
