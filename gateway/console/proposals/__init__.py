"""変更申請 the pages on which changes are read and acted on, and the versions that came of them."""
