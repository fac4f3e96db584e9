"""The layouts that automed knows, in the order in which it tries them."""

from __future__ import annotations

from automed.data.layouts import (
    class_folders,
    manifest,
    object_masks,
    one_folder,
    paired_folders,
    pranet,
)
from automed.data.layouts.found import Layout

LAYOUTS: dict[str, Layout] = {
    module.LAYOUT.name: module.LAYOUT
    for module in (manifest, pranet, object_masks, paired_folders, one_folder, class_folders)
}
"""By name. Somebody wrote a manifest on purpose, so it goes first."""
