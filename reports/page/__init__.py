"""One HTML file that shows a results file: offline, to explore, to send and to print."""
