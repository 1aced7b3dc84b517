"""How far a post of ours has come; one frame may carry several posts."""

from graphchat.client.live import MessageState, Progress


class Carrier(Progress):
    """The progress of one frame: what happens to it happens to all posts in it."""

    def __init__(self, seq: int) -> None:
        super().__init__(b"", seq, "queued")
        self.posts: list[PostProgress] = []

    def advance(self, state: MessageState) -> None:
        super().advance(state)
        for post in self.posts:
            post.advance(state)


class PostProgress(Progress):
    """The progress of one post, by the first of the frames that carry it."""

    def __init__(self, message_id: bytes, state: MessageState) -> None:
        super().__init__(message_id, 0, state)
        self.carriers: list[Carrier] = []
        """Held here: nobody else keeps them."""
