"""How files lie in a folder: one module a layout, recognized in turn."""

from automed.data.layouts.recognize import recognize as recognize
from automed.data.layouts.table import LAYOUTS as LAYOUTS
