"""What long benchmarks have measured, a line of JSON each: an interrupted one can go on."""

import json


class Runs:
    """Results by key, kept in a file.

    Parameters
    ----------
    path : Path
        The file, which need not be there yet; a line that was cut off is measured again.
    """

    def __init__(self, path):
        self.path = path
        self.known = {}
        text = path.read_text() if path.exists() else ""
        for line in text.splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            self.known[_name(entry["key"])] = entry["result"]
        self.starts_line = text == "" or text.endswith("\n")

    def get(self, key, measure):
        """Return the result of a key, from the file or by calling `measure`."""
        name = _name(key)
        if name not in self.known:
            self._append({"key": key, "result": measure()})
        return self.known[name]

    def _append(self, entry):
        line = json.dumps(entry)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(line + "\n" if self.starts_line else f"\n{line}\n")
        self.starts_line = True
        self.known[_name(entry["key"])] = entry["result"]


def _name(key):
    return json.dumps(key, sort_keys=True)
