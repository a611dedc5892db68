"""Small data sets built in code: woven cloth with a planted blot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

SIZE = 112  # 7 x 7 tiles of 16 pixels


def cloth(seed: int) -> npt.NDArray[np.uint8]:
    noise = np.random.default_rng(seed).integers(-6, 7, (SIZE, SIZE, 3))
    weave = 20 * ((np.indices((SIZE, SIZE)).sum(axis=0) // 2) % 2)[..., None]
    return (110 + weave + noise).astype(np.uint8)


def blot(row: int, col: int) -> npt.NDArray[np.bool_]:
    """A mask that covers one tile of the 7 x 7 grid."""
    mask = np.zeros((SIZE, SIZE), bool)
    mask[16 * row : 16 * row + 16, 16 * col : 16 * col + 16] = True
    return mask


def save(path: Path, pixels: npt.NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def save_pair(image: Path, mask: Path, seed: int, truth: npt.NDArray[np.bool_]) -> None:
    pixels = cloth(seed)
    pixels[truth] = (230, 40, 30)
    save(image, pixels)
    save(mask, truth.astype(np.uint8) * 255)


def mvtec_category(home: Path, *, defective: int = 2, clean: int = 1, references: int = 2) -> Path:
    """A category in MVTec AD's layout; blots lie in row 2 and a column that counts up."""
    for i in range(defective):
        save_pair(
            home / "test" / "blot" / f"{i:03}.png", home / "ground_truth" / "blot" / f"{i:03}_mask.png", i, blot(2, i)
        )
    for i in range(clean):
        save(home / "test" / "good" / f"{i:03}.png", cloth(100 + i))
    for i in range(references):
        save(home / "train" / "good" / f"{i:03}.png", cloth(200 + i))
    return home


def manifest_dataset(root: Path) -> Path:
    """Two categories with `manifest.csv`: cloth has two clean pictures, rug has none."""
    rows = ["dataset,category,defect,image,mask,kind"]
    for category, clean in (("cloth", 2), ("rug", 0)):
        for i in range(3):
            name = f"own/{category}/blot_{i}.png"
            save_pair(root / "images" / name, root / "masks" / name, 10 * clean + i, blot(i, 3))
            rows.append(f"own,{category},blot,{name},{name},{'texture' if clean else 'object'}")
        for i in range(clean):
            name = f"own/{category}/good_{i}.png"
            save(root / "images" / name, cloth(50 + i))
            rows.append(f"own,{category},good,{name},,texture")
    (root / "manifest.csv").write_text("\n".join(rows) + "\n")
    return root
