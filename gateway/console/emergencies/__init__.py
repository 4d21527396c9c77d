"""緊急提供 on screen: the list and its files, the form that asks, and one of them with what may be done about it."""
