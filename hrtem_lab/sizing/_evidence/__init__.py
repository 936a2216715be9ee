"""What the sphere rests on: channels of a cell, all spheres, and the evidence for each."""
