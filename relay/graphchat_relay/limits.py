"""What keeps one relay from being used up."""

from dataclasses import dataclass

from graphchat.wire import limits


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers that an operator may choose."""

    quota_messages: int = limits.QUOTA_MESSAGES
    quota_bytes: int = limits.QUOTA_BYTES
    open_quota_messages: int = limits.OPEN_QUOTA_MESSAGES
    message_days: int = limits.MESSAGE_DAYS
    open_queue_days: int = limits.OPEN_QUEUE_DAYS
    creations_per_second: float = 50
    """Over all clients together: a relay does not tell them apart."""
    creations_per_token: float = 10
    """The same for each create token, if the relay has any."""
    pending_bytes: int = 64 * 1024 * 1024
    """Envelopes that wait for the disk. Beyond it senders are told to come back."""
    memory_ceiling: int = 512 * 1024 * 1024
    """Of everything that is held for others. Beyond it load is shed. 0: without bound."""
    sockets: int = 20_000
    queues_per_socket: int = 20_000
    objects_per_second: float = 1_000
    """Of one socket, and as many pieces of 4,608 bytes: see `graphchat_relay.pace`."""
    objects_burst: int = 20_000
    request_seconds: float = 60
    """In which the body of a request has to be complete."""
    stall_seconds: float = 60
    """That a peer may take nothing while something waits for it."""
    outbox_bytes: int = 1024 * 1024
    """That wait for one socket. Beyond it nothing is pushed to it, and nothing read."""
    invalid_objects: int = 300
    """That one socket may send in five minutes."""
