"""The contract between engines and the rest: pictures in, vectors with their boxes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from segdetect.grid import Boxes, TileLayout
from segdetect.pictures.loading import LoadedImage
from segdetect.progress import Progress, no_progress
from segdetect.settings import EngineName

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How an engine's vectors are best compared, measured per engine; scoring follows it and knows no engine.

    Args:
        neighbours: nearest other cells a cell is compared with, at least 1.
        kth_only: use the distance to the last of these neighbours alone (fastdup's way), not their mean.
        exclude: cells this near (Chebyshev distance, in cells) do not count as neighbours in the same picture: those
            of one large defect must not vouch for each other.
        exclude_varied: the same for a picture that varies from place to place and is compared with itself alone: most
            of its parts occur once, and only their surroundings are like them.
        uniform: homogeneity of textures; less is an object or a scene, which varies from place to place. Measured on
            123 textures and 94 objects and scenes.
        certain: homogeneity below which a picture may be an object all the same, so that nobody can call it normal by
            itself; nineteen clean textures in twenty have more.
        by_variety: homogeneity is measured as a share of the picture's variety, for vectors whose distances grow with a
            picture's contrast.
        top_share: share of a tile's highest cell scores that its own score is the mean of.
        thinned: of the cells of another picture every so many-th, down and across, is compared with.
        smoothing: standard deviation, in cells, of the Gaussian that the cell scores are smoothed with; 0 for none.
    """

    neighbours: int
    kth_only: bool = False
    exclude: int = 0
    exclude_varied: int = 0
    uniform: float = 0.0
    certain: float = 0.0
    by_variety: bool = False
    top_share: float = 1.0
    thinned: int = 1
    smoothing: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Embeddings:
    """One picture, described on a lattice of cells.

    Args:
        layers: one or more descriptions of the same cells, each `(rows * cols, d)` float32, rows of unit length, so
            that a dot product is a cosine similarity. Layers are compared apart and their distances averaged.
        lattice: rows and columns of cells, row-major.
        boxes_ltrb: `(rows * cols, 4)` int32 pixel boxes of the cells.
        dense: True when the cells are finer than any grid and tiles are pooled from them; False when a cell is a tile.
        comparison: how these vectors are to be compared.
        turned: empty, or for each layer `(m, d)` vectors of the same picture seen turned, as a bank for other pictures,
            whose parts may lie at any angle.
        turned_cells: `(m,)` the cell that each of them shows.
        finer: the same picture seen larger, on a finer lattice; its cells are compared by themselves, and their scores
            and those of the cells averaged. It says nothing else: look-alikes and the like go by the cells.
        ignored: `(rows * cols,)` True for cells that are in no bank and have no score; None where all count. Engines
            leave it out.
    """

    layers: tuple[Vectors, ...]
    lattice: tuple[int, int]
    boxes_ltrb: Boxes
    dense: bool
    comparison: Comparison
    turned: tuple[Vectors, ...] = ()
    turned_cells: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    ignored: npt.NDArray[np.bool_] | None = None
    finer: Embeddings | None = None

    @property
    def counted(self) -> npt.NDArray[np.int64]:
        """The cells that are not ignored."""
        return np.arange(self.lattice[0] * self.lattice[1]) if self.ignored is None else np.flatnonzero(~self.ignored)


@dataclass(frozen=True, slots=True, eq=False)
class EmbedRequest:
    """One picture to describe.

    Args:
        image: the picture; engines look at its `filled` pixels.
        layout: the tiles it is cut into, which dense engines do not need.
        turned: describe it turned, too, where the engine can: for known-good pictures, whose parts may lie at any
            angle.
    """

    image: LoadedImage
    layout: TileLayout
    turned: bool = False


class Engine(Protocol):
    """Something that describes pictures. Instances may be shared between threads."""

    name: ClassVar[EngineName]
    dense: ClassVar[bool]

    @property
    def version(self) -> str:
        """Version of the engine and of what it runs on, for records."""
        ...

    def check(self) -> None:
        """Run a self-test, once; later calls answer from it, and one that failed is repeated now and then.

        Raises:
            EngineUnavailableError: it cannot run here, with the reason and the remedy.
        """
        ...

    def embed(self, requests: Sequence[EmbedRequest], progress: Progress = no_progress) -> list[Embeddings]:
        """Describe pictures, in one go where the engine gains from it.

        Raises:
            EngineError: the engine could not run or failed.
            StorageError: the disk is full.
        """
        ...


@runtime_checkable
class Elsewhere(Protocol):
    """An engine that may run in another Python than the program's own."""

    @property
    def place(self) -> str:
        """The path of that Python; empty where it is the program's own."""
        ...
