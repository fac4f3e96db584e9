"""The layouts that automed knows, in the order in which it tries them."""

from __future__ import annotations

from automed.data.layouts import (
    brats,
    class_folders,
    lidc,
    manifest,
    nnunet,
    object_masks,
    one_folder,
    paired_folders,
    pranet,
)
from automed.data.layouts.found import Layout

LAYOUTS: dict[str, Layout] = {
    module.LAYOUT.name: module.LAYOUT
    for module in (
        manifest, pranet, brats, lidc, nnunet, object_masks, paired_folders, one_folder,
        class_folders,
    )
}  # fmt: skip
"""By name. Somebody wrote a manifest on purpose, so it goes first."""
