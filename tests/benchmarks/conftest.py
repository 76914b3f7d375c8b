"""Draw as often as `bitrace` itself does; must come before Textual is imported."""

import os

os.environ.setdefault("TEXTUAL_FPS", "120")
