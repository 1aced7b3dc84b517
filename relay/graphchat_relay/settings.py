"""The settings of a relay: read once at start, then passed to whoever needs them."""

from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import Field, StringConstraints, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from graphchat.errors import CodeError
from graphchat.wire import limits
from graphchat.wire.limits import BATCH
from graphchat.wire.uri import DEFAULT_PATH, split_create_uri
from graphchat_relay.limits import Limits
from graphchat_relay.tokens import TOKENS_FILE

DATABASE: Final = "relay.db"
IDENTITY_FILE: Final = "identity.key"
MEMORY: Final = "memory:"

Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,128}$")]
Port = Annotated[int, Field(ge=0, le=65_535)]


class RelaySettings(BaseSettings):
    """Each of them is also an environment variable, with ``GRAPHCHAT_RELAY_`` before its name."""

    model_config = SettingsConfigDict(
        env_prefix="GRAPHCHAT_RELAY_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    host: str = "127.0.0.1"
    port: Port = 8765
    """0: any free port."""
    public_url: str | None = None
    """How clients reach the relay, if not by the name that they used: ``https://host/q``."""
    store: Annotated[str, Field(repr=False)] = MEMORY
    """``memory:``, ``sqlite://FILE``, the path of a file, or ``postgresql://...``."""
    store_direct: Annotated[str | None, Field(repr=False)] = None
    """The same database without a pooler, which would break LISTEN; None: ``store`` is direct."""
    migrate_at_start: bool = True
    """False: the schema is brought up to date by ``graphchat relay migrate`` only."""
    identity: Path | None = None
    """The file with the identity key, made at the first start. None: beside the database, or in
    it if several replicas share it."""
    create_tokens: Annotated[tuple[Token, ...], NoDecode, Field(repr=False)] = ()
    """With tokens, only who shows one creates queues. In the environment: with commas."""
    tokens: Path | None = None
    """The file of ``graphchat relay token``. Where it is, only who shows one creates queues."""
    private_host: str = "127.0.0.1"
    private_port: Port | None = 0
    """/livez, /readyz and /metrics. 0: any free port; None: nowhere."""
    tls_self_signed: bool = False
    """Serve TLS with a certificate of the identity key: no domain, no authority."""
    certfile: Path | None = None
    keyfile: Path | None = None
    quota_messages: Annotated[int, Field(ge=1, le=4096)] = limits.QUOTA_MESSAGES
    quota_bytes: Annotated[int, Field(ge=limits.XXL)] = limits.QUOTA_BYTES
    open_quota_messages: Annotated[int, Field(ge=1, le=4096)] = limits.OPEN_QUOTA_MESSAGES
    message_days: Annotated[int, Field(ge=1)] = limits.MESSAGE_DAYS
    open_queue_days: Annotated[int, Field(ge=1)] = limits.OPEN_QUEUE_DAYS
    creations_per_second: Annotated[float, Field(gt=0)] = 50.0
    creations_per_token: Annotated[float, Field(gt=0)] = 10.0
    """New queues a second that one create token allows, if there are tokens."""
    pending_bytes: Annotated[int, Field(ge=2 * limits.XXL)] = 64 * 1024 * 1024
    memory_ceiling: Annotated[int, Field(ge=0)] = 512 * 1024 * 1024
    """Bytes that are held for others, all together. Beyond it load is shed. 0: without bound."""
    sockets: Annotated[int, Field(ge=1)] = 20_000
    queues_per_socket: Annotated[int, Field(ge=1)] = 20_000
    objects_per_second: Annotated[float, Field(gt=0)] = 1_000.0
    """What one socket may ask; each 4,608 bytes are one more. Beyond it is read from later."""
    objects_burst: Annotated[int, Field(ge=2 * BATCH)] = 20_000
    """What one socket may ask at once."""
    invalid_objects: Annotated[int, Field(ge=1)] = 300
    """Invalid objects of one socket in five minutes; beyond them it is closed, with 1008."""
    requests: Annotated[int, Field(ge=1)] = 512
    """Requests at the same time. One more ends the one that has waited longest for its client."""
    request_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """In which the body of a request has to be complete."""
    refusals_per_second: Annotated[float, Field(gt=0)] = 100.0
    """Requests refused (4xx), over all clients; the answers to more of them wait a second."""
    # Longer than clients keep an idle connection: else they would write into a closed one.
    # Not much longer: Hypercorn keeps what a client has closed until then.
    idle_seconds: Annotated[float, Field(gt=0, le=3600)] = 20.0
    """In which the head of the next request has to be complete, and a TLS handshake."""
    header_bytes: Annotated[int, Field(ge=2048, le=1024 * 1024)] = 16 * 1024
    """Of one request. Beyond: 431."""
    stall_seconds: Annotated[float, Field(gt=0, le=3600)] = 60.0
    """That a client may take nothing while something waits for it; then it is disconnected."""
    outbox_bytes: Annotated[int, Field(ge=64 * 1024)] = 1024 * 1024
    """That wait for one socket. Beyond it nothing is pushed to it, and nothing read."""
    hand_over: bool = True
    """Take the transports of WebSockets from Hypercorn. False: plain ASGI, at half the speed."""
    http2: bool = True
    """Speak HTTP/2, too: chosen by TLS, or known beforehand by a proxy without TLS."""
    drain_delay: Annotated[float, Field(ge=0, le=600)] = 0.0
    """Seconds between being told to stop and closing the first socket."""
    drain_spread: Annotated[float, Field(ge=0, le=600)] = 0.0
    """Seconds over which sockets are closed, so that not all clients come back at once."""

    @classmethod
    def load(cls, file: Path | None, folder: Path, **options: Any) -> Self:
        """Read settings: ``options`` win over the environment, and that over the TOML ``file``.

        What none of them names lives in ``folder``; but the identity of a relay with a database
        elsewhere is beside that: two relays must not be taken for one. Raises
        `pydantic.ValidationError`.
        """
        defaults = {"store": str(folder / DATABASE), "tokens": folder / TOKENS_FILE}

        class Loaded(cls):  # type: ignore[misc, valid-type] # pydantic wants the file in a class
            @classmethod
            def settings_customise_sources(
                cls, settings_cls: type[BaseSettings], **sources: PydanticBaseSettingsSource
            ) -> tuple[PydanticBaseSettingsSource, ...]:
                toml = TomlConfigSettingsSource(settings_cls, file) if file else None
                last = InitSettingsSource(settings_cls, defaults)
                found = (sources["init_settings"], sources["env_settings"], toml, last)
                return tuple(source for source in found if source is not None)

        found = Loaded(**options).__dict__
        if found["identity"] is None and found["store"] in {defaults["store"], MEMORY}:
            found["identity"] = folder / IDENTITY_FILE
        return cls.model_construct(**found)

    @field_validator("create_tokens", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part for part in value.split(",") if part)
        return value

    @field_validator("public_url")
    @classmethod
    def _public(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            base, token = split_create_uri(value)
        except CodeError as error:
            raise ValueError(str(error)) from None
        if token is not None:
            raise ValueError("The public URL is without a token.")
        return base

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.certfile is None) != (self.keyfile is None):
            raise ValueError("A certificate needs both --certfile and --keyfile.")
        if 0 < self.memory_ceiling < self.pending_bytes:
            raise ValueError(
                "The memory ceiling is below the pending bytes, which it counts, too."
            )
        if self.certfile is not None and self.tls_self_signed:
            raise ValueError("Choose either --tls-self-signed or --certfile.")
        if self.create_tokens and not self.path.endswith(DEFAULT_PATH):
            raise ValueError("With tokens, the path of the public URL must end in /q.")
        return self

    @property
    def path(self) -> str:
        """The path under which everything lives. A proxy must hand it on unchanged."""
        if self.public_url is None:
            return DEFAULT_PATH
        return "/" + self.public_url.split("/", 3)[3]

    @property
    def limits(self) -> Limits:
        return Limits(**{name: getattr(self, name) for name in Limits.__dataclass_fields__})
