"""The plugins of docs/examples as one page."""

from __future__ import annotations

from pathlib import Path

_HEAD = """# Example plugins

Generated from `docs/examples`, whose plugins the project's tests load and search. How they work:
[Plugins](plugins.md).
"""
_LANGUAGES = {".py": "python", ".toml": "toml"}


def examples_page(folder: Path) -> str:
    """Each plugin of the folder with its files: a file, or a package of several.

    Args:
        folder: ``docs/examples``.
    """
    parts = [_HEAD]
    for plugin in sorted(folder.iterdir()):
        files = [plugin] if plugin.is_file() else sorted(plugin.rglob("*"))
        shown = [file for file in files if file.suffix in _LANGUAGES]
        if not shown:
            continue
        parts.append(f"## `{plugin.name}` {{ #{plugin.name.replace('.', '')} }}\n")
        for file in shown:
            if plugin.is_dir():
                parts.append(f"### `{file.relative_to(plugin)}`\n")
            parts.append(f"```{_LANGUAGES[file.suffix]}\n{file.read_text(encoding='utf-8')}```\n")
    return "\n".join(parts)
