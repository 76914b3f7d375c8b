"""Widgets: facts go up as messages, state comes down. None knows another or its screen."""
