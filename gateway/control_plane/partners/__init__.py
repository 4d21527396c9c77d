"""提供先 the joint users: their sheets, their state and keys, and what takes two people and a proof."""
