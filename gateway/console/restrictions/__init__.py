"""利用停止等: stops of members, set and lifted by compliance."""
