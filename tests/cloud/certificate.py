"""A certificate for 127.0.0.1, because a service takes tokens over HTTPS alone."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
ADDRESS = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
DAY = timedelta(days=1)


class Certificate(NamedTuple):
    """Two files. The certificate signs itself, so it is also what a client has to trust."""

    certificate: Path
    key: Path


def make_certificate(folder: Path) -> Certificate:
    """Make both files in a folder that is there."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(NAME).issuer_name(NAME).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).add_extension(ADDRESS, critical=False)
    signed = builder.not_valid_before(now - DAY).not_valid_after(now + DAY).sign(key, SHA256())
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    made.certificate.write_bytes(signed.public_bytes(Encoding.PEM))
    made.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made
