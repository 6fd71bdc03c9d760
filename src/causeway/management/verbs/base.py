class Verb:
    """What ``manage.py causeway`` does for one verb."""

    help = ""

    def __init__(self, command):
        self.stdout = command.stdout
        self.stderr = command.stderr
        self.style = command.style

    @staticmethod
    def add_arguments(parser):
        """Add what the verb takes, besides the options that every command of Django has."""

    def handle(self, **options):
        raise NotImplementedError
