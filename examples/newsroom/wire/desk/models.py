from wire.stories import CoreStory


class Story(CoreStory):
    """A story of the wire's own desk: what the children read as ``Story.contents``."""
