"""What ``manage.py check`` says of a project."""


def said_by(project, settings="", *arguments, status=1):
    """What is said with these lines of settings more; without arguments, of what is causeway's own."""
    # Since Django 6.1 its own checks of fields ask a server that may not be there.
    with project.changed_settings(settings):
        done = project.manage("check", *(arguments or ["--tag", "causeway"]), status=status)
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def hint_of(said, id):
    """The hint of the one message of an id."""
    lines = said.splitlines()
    (number,) = [number for number, line in enumerate(lines) if f"({id})" in line]
    return lines[number + 1].partition("HINT: ")[2]
