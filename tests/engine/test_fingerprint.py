"""What llama.cpp and the processor are: another key for all that could change a bit."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine import fingerprint
from engine.fingerprint import cpu_build

CPU_ONLY = (
    "libggml.so",
    "libggml-base.so.0.9.4",
    "libggml-cpu.so",
    "libllama.so",
    "libmtmd.so",
)


@pytest.fixture
def library_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a llama.cpp lies that is installed for the test."""
    folder = tmp_path / "llama_cpp" / "lib"
    folder.mkdir(parents=True)
    spec = SimpleNamespace(submodule_search_locations=[str(folder.parent)])
    monkeypatch.setattr(fingerprint.util, "find_spec", lambda name: spec)
    monkeypatch.setattr(fingerprint.metadata, "version", lambda name: "0.3.36")
    monkeypatch.setattr(fingerprint, "_processor", lambda: ["model name: Toy", "flags: avx2"])
    return folder


@pytest.fixture
def install(library_folder: Path) -> Callable[..., None]:
    """Installs libraries, all of the same size and age."""

    def put(*names: str) -> None:
        for name in names:
            (library_folder / name).write_bytes(b"\x7fELF")
            os.utime(library_folder / name, ns=(1, 10**18))

    return put


def test_the_same_build_has_the_same_key(install: Callable[..., None]) -> None:
    install(*CPU_ONLY)
    key = cpu_build()
    assert key is not None
    assert len(key) == 64
    assert cpu_build() == key


def changed_version(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint.metadata, "version", lambda name: "0.3.37")


def changed_machine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint.platform, "machine", lambda: "riscv64")


def changed_processor(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fingerprint, "_processor", lambda: ["model name: Toy", "flags: avx"])


def rebuilt(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.utime(folder / "libllama.so", ns=(1, 10**18 + 1))


def grown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "libllama.so").write_bytes(b"\x7fELF and more")
    os.utime(folder / "libllama.so", ns=(1, 10**18))


def renamed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "libggml-base.so.0.9.4").rename(folder / "libggml-base.so.0.9.5")


def gone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "libmtmd.so").unlink()


@pytest.mark.parametrize(
    "change",
    [changed_version, changed_machine, changed_processor, rebuilt, grown, renamed, gone],
)
def test_another_build_or_processor_has_another_key(
    install: Callable[..., None],
    library_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path, pytest.MonkeyPatch], None],
) -> None:
    install(*CPU_ONLY)
    key = cpu_build()
    change(library_folder, monkeypatch)
    assert cpu_build() not in (key, None)


@pytest.mark.parametrize(
    "name", ["libggml-cpu-haswell.so", "libggml-cpu.0.dylib", "ggml-cpu.dll", "ggml-base.dll"]
)
def test_a_processors_backend_by_any_of_its_names_has_a_key(
    install: Callable[..., None], name: str
) -> None:
    install(*CPU_ONLY, name)
    assert cpu_build() is not None


@pytest.mark.parametrize("name", ["ggml-cpu.dll", "libggml-cpu.dylib", "libggml-cpu-x64.so.0"])
def test_it_need_not_be_called_as_on_linux(install: Callable[..., None], name: str) -> None:
    install(name)
    assert cpu_build() is not None


@pytest.mark.parametrize(
    "name",
    [
        "libggml-cuda.so",
        "libggml-cuda.so.0.9.4",
        "libggml-hip.so",
        "libggml-vulkan.so",
        "libggml-metal.dylib",
        "libggml-sycl.so",
        "libggml-blas.so",
        "libggml-rpc.so",
        "ggml-cuda.dll",
        "ggml-vulkan.dll",
        "libggml-something-new.so",
    ],
)
def test_where_a_device_may_be_only_loading_can_tell(
    install: Callable[..., None], name: str
) -> None:
    install(*CPU_ONLY, name)
    assert cpu_build() is None


@pytest.mark.parametrize("names", [(), ("libllama.so",), ("libggml.so", "libggml-base.so")])
def test_a_build_whose_backends_cannot_be_seen_has_no_key(
    install: Callable[..., None], names: tuple[str, ...]
) -> None:
    """All in one library, say: a GPU's could be inside."""
    install(*names)
    assert cpu_build() is None


def test_without_a_folder_of_libraries_there_is_no_key(library_folder: Path) -> None:
    library_folder.rmdir()
    assert cpu_build() is None


def test_a_library_that_is_a_broken_link_has_no_key(
    install: Callable[..., None], library_folder: Path
) -> None:
    install(*CPU_ONLY)
    (library_folder / "libggml-cpu.so").unlink()
    (library_folder / "libggml-cpu.so").symlink_to("gone")
    assert cpu_build() is None


@pytest.mark.parametrize(
    "spec", [None, SimpleNamespace(submodule_search_locations=None)], ids=["none", "a module"]
)
def test_without_the_package_there_is_no_key(
    library_folder: Path, monkeypatch: pytest.MonkeyPatch, spec: Any
) -> None:
    monkeypatch.setattr(fingerprint.util, "find_spec", lambda name: spec)
    assert cpu_build() is None


@pytest.mark.parametrize("error", [ValueError("llama_cpp.__spec__ is None"), ImportError()])
def test_a_package_that_cannot_be_looked_for_has_no_key(
    library_folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fails(name: str) -> None:
        raise error

    monkeypatch.setattr(fingerprint.util, "find_spec", fails)
    assert cpu_build() is None


def test_a_package_without_a_version_has_no_key(
    install: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    install(*CPU_ONLY)
    monkeypatch.setattr(fingerprint.metadata, "version", fails)
    assert cpu_build() is None


# ---- here ----


def test_a_build_that_can_offload_has_no_key(library: Any) -> None:
    known = cpu_build()
    assert known == cpu_build()
    assert not (library.can_offload and known is not None)


def test_nothing_is_loaded_to_tell() -> None:
    code = """
import sys
from engine.fingerprint import cpu_build
cpu_build()
print(*(name for name in ("llama_cpp", "numpy", "pydantic") if name in sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=True,
    )
    assert done.stdout.strip() == ""


def processor_by(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: str | None
) -> list[str]:
    """What is known of a processor by what /proc/cpuinfo tells."""
    file = tmp_path / "cpuinfo"
    if told is not None:
        file.write_text(told)
    monkeypatch.setattr(fingerprint, "Path", lambda path: file)
    return fingerprint._processor()


X86 = "processor\t: 0\nmodel name\t: Toy 1\ncpu MHz\t\t: {}\nflags\t\t: fpu avx2\n\n"


def test_a_processor_is_its_name_and_what_it_can_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one = processor_by(monkeypatch, tmp_path, X86.format(2400))
    assert one == ["model name\t: Toy 1", "flags\t\t: fpu avx2"]
    more_of_them = X86.format(800) + X86.format(1200).replace("0", "1", 1)
    assert processor_by(monkeypatch, tmp_path, more_of_them) == one, "not how fast it runs now"
    other = X86.format(2400).replace("avx2", "avx512f")
    assert processor_by(monkeypatch, tmp_path, other) != one


def test_an_arm_processor_has_features(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    told = "processor : 0\nBogoMIPS : 50.00\nFeatures : fp asimd dotprod\n\n"
    assert processor_by(monkeypatch, tmp_path, told) == ["Features : fp asimd dotprod"]


@pytest.mark.parametrize("told", [None, "", "\n\n", "processor : 0\n"])
def test_where_nothing_is_told_the_platform_is_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: str | None
) -> None:
    monkeypatch.setattr(fingerprint.platform, "processor", lambda: "toy")
    assert processor_by(monkeypatch, tmp_path, told) == ["toy"]
