"""書き出し the same paths with another ending: a view as a file."""
