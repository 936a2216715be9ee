"""The parts that pages share: controls, pictures, live studies, readings. The kit imports no page."""
