"""What a command and a button both lead to: rows into views, and the small acts of people on their own membership."""
