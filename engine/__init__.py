"""What a bit is and what a race is. Knows no screen and no pack."""
