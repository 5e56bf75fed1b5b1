"""What is said of a folder of original files in which something is wrong, and of a dead network."""

from __future__ import annotations

import gzip
import struct
import threading

import pytest

from stochgrad.errors import ConfigError
from stochgrad.suite.data import sources
from stochgrad.suite.data.sources import RemoteFile, check_download, check_folder, registered_files

MINUTE = 60.0


def idx(magic: int, payload: bytes = b"") -> bytes:
    return gzip.compress(struct.pack(">I", magic) + payload, mtime=0)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Return a folder with a small set, registered with its true sizes and checksums."""
    contents = {
        "train-images-idx3-ubyte.gz": idx(2051, bytes(range(200))),
        "train-labels-idx1-ubyte.gz": idx(2049, b"labels"),
    }
    files = []
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        sha = sources.hashlib.sha256(content).hexdigest()
        files.append(RemoteFile(f"https://example.org/{name}", len(content), sha, name))
    monkeypatch.setattr(sources, "registered_files", lambda dataset: files)
    return tmp_path


def complaint(folder) -> str:
    with pytest.raises(ConfigError) as caught:
        check_folder(folder, "mnist", "MNIST_DIR")
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"MNIST_DIR={folder}: ")
    return str(caught.value)


def test_the_registered_files_of_mnist_are_the_four_originals():
    files = registered_files("mnist")
    assert [f.size for f in files] == [1648877, 4542, 9912422, 28881]
    assert all(len(f.sha256) == 64 for f in files)


def test_an_unknown_set_names_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'fashion_mnist'"):
        registered_files("fashion_mnsit")


def test_good_files_pass(folder):
    check_folder(folder, "mnist", "MNIST_DIR")


def test_a_missing_folder(tmp_path):
    assert "no such folder" in complaint(tmp_path / "nowhere")
    assert "no such folder (File name too long)" in complaint(tmp_path / ("x" * 300))


def test_a_file_in_place_of_the_folder(folder):
    assert "is no folder" in complaint(next(folder.iterdir()))


IMAGES = "train-images-idx3-ubyte.gz"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.write_bytes(path.read_bytes()[:-7]), "is truncated"),
        (lambda path: path.write_bytes(b"x" * path.stat().st_size), "is not a gzip file"),
        (
            lambda path: path.write_bytes(idx(2049, bytes(range(200)))),
            "its magic number is 2049 instead of 2051",
        ),
        (lambda path: path.write_bytes(idx(2051, bytes(range(199, -1, -1)))), "sha256"),
        (lambda path: path.write_bytes(path.read_bytes() + b"more"), "is another file"),
    ],
    ids=["missing", "truncated", "no gzip", "mislabelled", "corrupted", "longer"],
)
def test_a_wrong_file_is_named_with_what_is_wrong(folder, damage, said):
    damage(folder / IMAGES)
    message = complaint(folder)
    assert IMAGES in message
    assert said in message
    assert "put the four original" in message


def test_a_file_that_cannot_be_read_is_named(folder, monkeypatch):
    # Not by taking its permissions away: root reads it all the same.
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(sources, "_sha256", refuse)
    message = complaint(folder)
    assert "ubyte.gz cannot be read (Permission denied)" in message


def test_no_network_is_said_within_seconds_with_both_ways_out(monkeypatch):
    # A name that cannot be resolved (RFC 2606), as on a machine without a network.
    file = RemoteFile("https://nowhere.invalid/a.gz", 1, "0" * 64, "a.gz")
    monkeypatch.setattr(sources, "registered_files", lambda dataset: [file])
    with pytest.raises(ConfigError, match=r"MNIST_DIR.*task=digits"):
        check_download("mnist")


def test_a_server_that_never_answers_is_given_up(monkeypatch):
    given_up = threading.Event()

    def silent(*args, **kwargs):
        given_up.wait(MINUTE)
        raise OSError("too late")

    monkeypatch.setattr(sources.urllib.request, "urlopen", silent)
    monkeypatch.setattr(sources, "ANSWER_WITHIN", 0.2)
    with pytest.raises(ConfigError, match=r"no answer in .* MNIST_DIR"):
        check_download("mnist")
    given_up.set()
