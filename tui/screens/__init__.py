"""Screens: each composes widgets and holds no rule of the game."""
