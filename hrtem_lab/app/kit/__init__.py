"""What pages are made of: controls, pictures, live studies, readings. The kit knows no page."""
