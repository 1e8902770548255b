"""Task sets: their files and formats."""
