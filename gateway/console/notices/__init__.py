"""公表事項 the pages of the notice in force."""
