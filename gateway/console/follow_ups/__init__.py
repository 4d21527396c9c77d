"""訂正・停止等の通知: what partners were told to do with data they hold, and what they answered."""
