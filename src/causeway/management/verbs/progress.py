"""How far a verb has come: a bar on a terminal, lines elsewhere."""


def progress(stderr, label, total):
    """What has ``update(rows)``, to be used in a ``with`` statement; a bar where ``tqdm`` is installed."""
    if stderr.isatty():
        try:
            from tqdm import tqdm  # type: ignore[import-untyped]
        except ImportError:
            pass
        else:
            return tqdm(desc=label, total=total, unit=" rows", file=stderr._out)
    return Lines(stderr, label, total)


class Lines:
    def __init__(self, stderr, label, total):
        self.stderr = stderr
        self.label = label
        self.total = total
        self.done = 0

    def update(self, rows):
        self.done += rows
        self.stderr.write(f"{self.label}: {self.done} of {self.total} rows", style_func=str)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass
