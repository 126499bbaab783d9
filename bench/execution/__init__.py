"""Running cells: in worker processes, measured, and outliving methods that hang or crash."""
