"""What became of one member's data: who received it, who looked, who holds it; what persons ask, and the answers."""
