"""The worked examples, checked by the text of sections 4 and 5 alone."""

import re
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from graphchat_relay.description import worked


def private(name: str) -> Ed25519PrivateKey:
    seed = sha256(b"graph-chat/1 example " + name.encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def public(name: str) -> bytes:
    return private(name).public_key().public_bytes_raw()


def url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


FP = url(sha256(public("relay")).digest()[:16])


def test_the_request_is_signed_as_the_protocol_says() -> None:
    example = worked.request()
    found = re.fullmatch(r"GraphChat ts=(\d+),nonce=(.{22}),sig=(.{86})", example.result)
    assert found is not None
    body = b'{"sender":"%b"}' % worked.base64(public("sender")).encode()
    digest = url(sha256(body).digest())
    lines = ["graph-chat/1", "PUT", FP, "/q/AAECAwQFBgcICQoLDA0ODxAR", found[1], found[2], digest]
    assert example.signed.split("\n") == lines
    signature = urlsafe_b64decode(found[3] + "==")
    private("recipient").public_key().verify(signature, example.signed.encode())


def test_the_subscription_is_signed_as_the_protocol_says() -> None:
    example = worked.subscription()
    uri = "https://relay.example/q/AAECAwQFBgcICQoLDA0ODxAR"
    lines = ["graph-chat/1 ws", FP, "AAECAwQFBgcICQoLDA0ODw", uri, "subscribe"]
    assert example.signed.split("\n") == lines
    private("recipient").public_key().verify(b64decode(example.result), example.signed.encode())
