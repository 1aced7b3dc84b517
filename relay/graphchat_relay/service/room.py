"""How much fits into a queue, and who waits until more does."""

from graphchat_relay.limits import Limits
from graphchat_relay.service.queues import Attachment, LiveQueue


class Room:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    def messages(self, queue: LiveQueue) -> int:
        """Return how many messages the queue may hold."""
        limits = self._limits
        return limits.quota_messages if queue.sender_key else limits.open_quota_messages

    def is_full(self, queue: LiveQueue) -> bool:
        return len(queue.entries) >= self.messages(queue) or queue.bytes > self._limits.quota_bytes

    def starve(self, attachment: Attachment) -> None:
        """Remember to tell this sender when there is room again."""
        if attachment not in attachment.queue.starved:
            attachment.queue.starved.append(attachment)

    def make_room(self, queue: LiveQueue) -> None:
        """Tell those who wait for room, if there is some now."""
        if queue.starved and not queue.gone and not self.is_full(queue):
            waiting, queue.starved = queue.starved, []
            for attachment in waiting:
                attachment.feeder.ready(attachment.uri)
