"""提供先 the pages of partners, and what is asked for of them."""
