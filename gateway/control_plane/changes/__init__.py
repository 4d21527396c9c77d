"""変更申請 a change: proposed, foreseen, approved by another person, published; the files that it is made of."""
